// C doors to what gotch's C API lacks. A tensor is an at::Tensor*, as in gotch's torch_api.h. Every function that can fail
// returns NULL, or a message that the caller frees.
#pragma once
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
typedef void *mcl_tensor;

// device: a CUDA device, or -1 for the CPU
char *mcl_from_bytes(mcl_tensor *out, const void *data, const int64_t *shape, int dims, int dtype, int device);
char *mcl_to_bytes(mcl_tensor t, void *data, size_t size);
char *mcl_item(mcl_tensor t, double *out);
char *mcl_grad(mcl_tensor t, mcl_tensor *out);
char *mcl_clear_grads(mcl_tensor *ts, int n);
// grad: NULL stands for 1
char *mcl_backward(mcl_tensor t, mcl_tensor grad);
char *mcl_fused_adamw(mcl_tensor *params, mcl_tensor *grads, mcl_tensor *m, mcl_tensor *v, mcl_tensor *steps, int n, double lr,
                      double beta1, double beta2, double weight_decay, double eps);
char *mcl_clip_grad_norm(mcl_tensor *grads, int n, double max_norm, double *norm);
char *mcl_load_cuda(int *devices);
char *mcl_gelu(mcl_tensor *out, mcl_tensor x, int approximate);
// Without bias pass NULL.
char *mcl_linear(mcl_tensor *out, mcl_tensor input, mcl_tensor weight, mcl_tensor bias);
// images: 8-bit [n, 3, pixels] to float32 (v/255 - mean) / std.
char *mcl_normalize(mcl_tensor *out, const uint8_t *images, int64_t n, int64_t pixels, const float *mean, const float *std);
char *mcl_synchronize(int device);
// The most bytes that tensors on a CUDA device have held at once; 0 where this libtorch does not tell.
char *mcl_peak_memory(int device, int64_t *bytes);
// Without mask pass NULL.
char *mcl_attention(mcl_tensor *out, mcl_tensor q, mcl_tensor k, mcl_tensor v, mcl_tensor mask, int causal);
char *mcl_write_bytes(mcl_tensor t, const void *data, size_t size);
int mcl_device(mcl_tensor t);
int mcl_grad_enabled(void);
void mcl_set_grad_enabled(int on);
void mcl_seed(uint64_t seed);
// device: negative is the CPU, else CUDA. Switching off clears the cache of cast weights.
void mcl_autocast(int device, int on, int dtype);
const char *mcl_library(void);
int mcl_new_abi(void);
const char *mcl_version(void);
int mcl_threads(void);
void mcl_set_threads(int n);
#ifdef __cplusplus
}
#endif
