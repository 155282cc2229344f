// Streaming resize with the integer arithmetic of Pillow (Resample.c): weights in 22-bit fixed point, two passes, each
// rounded and clipped to 8 bits. Rows go in one by one; only the outputs that are asked for are computed.
#ifndef MCLCLIP_RESAMPLE_H
#define MCLCLIP_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

// Bytes that must be readable beyond the last pixel of a row given to resampler_row.
#define ROW_PADDING 16

typedef struct resampler resampler;

// One axis: output i is the sum over t < count[i] of weights[i * stride + t] * input[first[i] + t].
typedef struct {
  int outputs;
  int stride;
  const int32_t *first, *count, *weights;
} axis_plan;

int resampler_has_simd(void);

// The result is a square of the given side for each channel, one after the other: plane c, output row y starts at
// c * side * side + y * side. The plans are copied. Returns NULL when memory runs out.
resampler *resampler_new(int outputs_x, int stride_x, const int32_t *first_x, const int32_t *count_x,
                         const int32_t *weights_x, int outputs_y, int stride_y, const int32_t *first_y,
                         const int32_t *count_y, const int32_t *weights_y, int side, int vertical_first, int simd);
void resampler_free(resampler *r);

// Sets where the result goes; dst may be memory of Go, which must not be kept from call to call.
void resampler_target(resampler *r, uint8_t *dst);

// Takes input row y (4 bytes a pixel, the fourth ignored), in ascending order. Returns 0 once no further row is needed.
int resampler_row(resampler *r, const uint8_t *row, int y);

// Writes the result for an image in memory.
void resampler_image(resampler *r, uint8_t *dst, const uint8_t *pixels, int width, int height);

int resampler_complete(const resampler *r);

#endif
