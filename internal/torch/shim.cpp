#include "shim.h"

#include <torch/version.h>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/Version.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/_fused_adamw.h>
#if TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 11
#include <c10/core/CachingDeviceAllocator.h>
#endif
#include <cstring>
#include <dlfcn.h>
#include <string>
#include <vector>

namespace {
at::Tensor &tensor(mcl_tensor t) { return *static_cast<at::Tensor *>(t); }

std::vector<at::Tensor> list(mcl_tensor *ts, int n) {
  std::vector<at::Tensor> out;
  out.reserve(n);
  for (int i = 0; i < n; i++) out.push_back(tensor(ts[i]));
  return out;
}

// cuda_library is the CUDA half beside the CPU half that is loaded.
std::string cuda_library() {
  std::string path = mcl_library();
  auto slash = path.rfind('/');
  return (slash == std::string::npos ? "" : path.substr(0, slash + 1)) + "libtorch_cuda.so";
}

// guarded runs f and turns an exception into a message; what_without_backtrace keeps it to the first lines.
template <typename F> char *guarded(F f) {
  try {
    f();
    return nullptr;
  } catch (const c10::Error &e) {
    return strdup(e.what_without_backtrace());
  } catch (const std::exception &e) {
    return strdup(e.what());
  }
}
} // namespace

extern "C" {

// To a GPU bytes go through page-locked memory, from where a copy does not stop the host. Its allocator gives the memory away
// again when the copy is done.
char *mcl_from_bytes(mcl_tensor *out, const void *data, const int64_t *shape, int dims, int dtype, int device) {
  return guarded([&] {
    auto options = at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype));
    auto view = at::from_blob(const_cast<void *>(data), at::IntArrayRef(shape, dims), options);
    if (device < 0) {
      *out = new at::Tensor(view.clone());
      return;
    }
    auto locked = at::empty(view.sizes(), options.pinned_memory(true));
    locked.copy_(view);
    *out = new at::Tensor(locked.to(at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(device)), locked.scalar_type(), /*non_blocking=*/true));
  });
}

char *mcl_to_bytes(mcl_tensor t, void *data, size_t size) {
  return guarded([&] {
    auto host = tensor(t).detach().to(at::kCPU).contiguous();
    TORCH_CHECK(host.nbytes() == size, "tensor has ", host.nbytes(), " bytes, buffer has ", size);
    std::memcpy(data, host.data_ptr(), size);
  });
}

char *mcl_item(mcl_tensor t, double *out) {
  return guarded([&] { *out = tensor(t).item<double>(); });
}

char *mcl_grad(mcl_tensor t, mcl_tensor *out) {
  return guarded([&] {
    const auto &grad = tensor(t).grad();
    *out = grad.defined() ? new at::Tensor(grad) : nullptr;
  });
}

char *mcl_clear_grads(mcl_tensor *ts, int n) {
  return guarded([&] {
    for (int i = 0; i < n; i++) tensor(ts[i]).mutable_grad() = at::Tensor();
  });
}

char *mcl_backward(mcl_tensor t, mcl_tensor grad) {
  return guarded([&] { tensor(t).backward(grad ? tensor(grad) : at::Tensor()); });
}

char *mcl_fused_adamw(mcl_tensor *params, mcl_tensor *grads, mcl_tensor *m, mcl_tensor *v, mcl_tensor *steps, int n, double lr,
                      double beta1, double beta2, double weight_decay, double eps) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    auto p = list(params, n), g = list(grads, n), ms = list(m, n), vs = list(v, n), s = list(steps, n);
    at::_foreach_add_(s, 1);
    at::_fused_adamw_(p, g, ms, vs, /*max_exp_avg_sqs=*/{}, s, lr, beta1, beta2, weight_decay, eps, /*amsgrad=*/false,
                      /*maximize=*/false);
  });
}

char *mcl_clip_grad_norm(mcl_tensor *grads, int n, double max_norm, double *norm) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    auto g = list(grads, n);
    auto total = at::stack(at::_foreach_norm(g, 2)).norm();
    *norm = total.item<double>();
    if (max_norm > 0) at::_foreach_mul_(g, (max_norm / (total + 1e-6)).clamp_max(1.0));
  });
}

// The CUDA half of libtorch registers its kernels when it is loaded; a binary linked without it works on both.
char *mcl_load_cuda(int *devices) {
  return guarded([&] {
    *devices = 0;
    TORCH_CHECK(dlopen(cuda_library().c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr, dlerror());
    *devices = static_cast<int>(at::detail::getCUDAHooks().deviceCount());
  });
}

// gotch's gelu makes a C string on each call and never frees it.
char *mcl_gelu(mcl_tensor *out, mcl_tensor x, int approximate) {
  return guarded([&] { *out = new at::Tensor(at::gelu(tensor(x), approximate ? "tanh" : "none")); });
}

// gotch passes an undefined mask where none is meant.
char *mcl_attention(mcl_tensor *out, mcl_tensor q, mcl_tensor k, mcl_tensor v, mcl_tensor mask, int causal) {
  return guarded([&] {
    auto seen = mask == nullptr ? std::optional<at::Tensor>() : tensor(mask);
    *out = new at::Tensor(at::scaled_dot_product_attention(tensor(q), tensor(k), tensor(v), seen, 0.0, causal));
  });
}

// A table of the 256 values of each channel gives the bits of the three operations, and writes once.
char *mcl_normalize(mcl_tensor *out, const uint8_t *images, int64_t n, int64_t pixels, const float *mean, const float *std) {
  return guarded([&] {
    float table[3][256];
    for (int c = 0; c < 3; c++)
      for (int v = 0; v < 256; v++) table[c][v] = (static_cast<float>(v) / 255.0f - mean[c]) / std[c];
    auto floats = at::empty({n, 3, pixels}, at::kFloat);
    auto *data = floats.data_ptr<float>();
    at::parallel_for(0, 3 * n, 1, [&](int64_t from, int64_t to) {
      for (int64_t plane = from; plane < to; plane++) {
        const float *values = table[plane % 3];
        for (int64_t i = plane * pixels; i < (plane + 1) * pixels; i++) data[i] = values[images[i]];
      }
    });
    *out = new at::Tensor(floats);
  });
}

char *mcl_synchronize(int device) {
  return guarded([&] {
    if (device >= 0) at::detail::getCUDAHooks().deviceSynchronize(static_cast<c10::DeviceIndex>(device));
  });
}

char *mcl_peak_memory(int device, int64_t *bytes) {
  return guarded([&] {
    *bytes = 0;
#if TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 11
    auto stats = c10::getDeviceAllocator(at::kCUDA)->getDeviceStats(static_cast<c10::DeviceIndex>(device));
    *bytes = stats.allocated_bytes[static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE)].peak;
#endif
  });
}

char *mcl_write_bytes(mcl_tensor t, const void *data, size_t size) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    auto &target = tensor(t);
    TORCH_CHECK(target.nbytes() == size, "tensor has ", target.nbytes(), " bytes, data has ", size);
    target.copy_(at::from_blob(const_cast<void *>(data), target.sizes(), at::TensorOptions().dtype(target.scalar_type())));
  });
}

int mcl_device(mcl_tensor t) { return tensor(t).is_cpu() ? -1 : tensor(t).get_device(); }
int mcl_grad_enabled(void) { return at::GradMode::is_enabled(); }
void mcl_set_grad_enabled(int on) { at::GradMode::set_enabled(on); }
void mcl_seed(uint64_t seed) { at::manual_seed(seed); }

void mcl_autocast(int device, int on, int dtype) {
  auto type = device < 0 ? at::kCPU : at::kCUDA;
  at::autocast::set_autocast_enabled(type, on);
  if (on) {
    at::autocast::set_autocast_dtype(type, static_cast<at::ScalarType>(dtype));
    at::autocast::increment_nesting();
  } else if (at::autocast::decrement_nesting() == 0) {
    at::autocast::clear_cache();
  }
}

const char *mcl_library(void) {
  static Dl_info info;
  void *symbol = reinterpret_cast<void *>(static_cast<void (*)(int)>(&at::set_num_threads));
  return dladdr(symbol, &info) && info.dli_fname ? info.dli_fname : "";
}

int mcl_new_abi(void) { return _GLIBCXX_USE_CXX11_ABI; }
const char *mcl_version(void) { return TORCH_VERSION; }
int mcl_threads(void) { return at::get_num_threads(); }
void mcl_set_threads(int n) { at::set_num_threads(n); }
}
