#include "resample.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define HAVE_AVX2 1
#endif

enum { PRECISION = 22, HALF = 1 << (PRECISION - 1), COLUMNS = 16 };

typedef struct {
  int outputs, stride;
  int32_t *first, *count, *weights;
  int16_t *packed; // groups of 4 taps: 4 upper parts, then 4 lower bytes; NULL without SIMD
  int *group;      // index of each output's first group; one more at the end
} axis;

typedef void (*horizontal_pass)(uint8_t *out, size_t plane, const uint8_t *row, const axis *a);
typedef void (*vertical_pass)(uint8_t *out, const uint8_t *const *rows, const int32_t *weights, int count, size_t bytes);

struct resampler {
  axis x, y;
  int vertical_first;
  horizontal_pass horizontal;
  vertical_pass vertical;
  int left, columns;    // input columns that are used
  int ring_rows;        // the ring keeps the rows that the next output row may need
  size_t ring_stride;
  uint8_t *ring, *line; // line: result of a vertical pass
  const uint8_t **taps;
  int next;             // next output row
  uint8_t *dst;
  size_t side; // of the square in dst
};

static size_t round_up(size_t n, size_t multiple) { return (n + multiple - 1) / multiple * multiple; }

// --- scalar passes ---------------------------------------------------------------------------------------------------

static uint8_t clip(int32_t sum) {
  int32_t v = sum >> PRECISION;
  return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v;
}

static void horizontal_scalar(uint8_t *out, size_t plane, const uint8_t *row, const axis *a) {
  for (int i = 0; i < a->outputs; i++) {
    const uint8_t *p = row + 4 * (size_t)a->first[i];
    const int32_t *k = a->weights + (size_t)i * a->stride;
    int32_t red = HALF, green = HALF, blue = HALF;
    for (int t = 0; t < a->count[i]; t++, p += 4) {
      red += p[0] * k[t];
      green += p[1] * k[t];
      blue += p[2] * k[t];
    }
    out[i] = clip(red);
    out[plane + i] = clip(green);
    out[2 * plane + i] = clip(blue);
  }
}

static void vertical_scalar(uint8_t *out, const uint8_t *const *rows, const int32_t *weights, int count, size_t bytes) {
  for (size_t at = 0; at < bytes; at += COLUMNS) {
    int32_t sum[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) sum[i] = HALF;
    for (int t = 0; t < count; t++)
      for (int i = 0; i < COLUMNS; i++) sum[i] += rows[t][at + i] * weights[t];
    for (int i = 0; i < COLUMNS; i++) out[at + i] = clip(sum[i]);
  }
}

// --- AVX2 passes -----------------------------------------------------------------------------------------------------
//
// A weight k (23 bits and sign) is split into k = 256 * upper + lower, 16 and 8 bits, so that pmaddwd can multiply two
// taps at once. All sums are taken modulo 2^32, hence exact wherever the scalar sum fits in 32 bits.

#ifdef HAVE_AVX2

static void pack(axis *a) {
  for (int i = 0; i < a->outputs; i++) {
    int16_t *group = a->packed + 8 * (size_t)a->group[i];
    for (int t = 0; t < 4 * (a->group[i + 1] - a->group[i]); t++) {
      int32_t k = t < a->count[i] ? a->weights[(size_t)i * a->stride + t] : 0;
      group[8 * (t / 4) + t % 4] = (int16_t)(k >> 8);
      group[8 * (t / 4) + 4 + t % 4] = (int16_t)(k & 255);
    }
  }
}

__attribute__((target("avx2"))) static void horizontal_avx2(uint8_t *out, size_t plane, const uint8_t *row, const axis *a) {
  // Bytes of 4 pixels, channel by channel for pixels 0 and 1, then for 2 and 3.
  const __m128i by_channel = _mm_setr_epi8(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15);
  const __m256i upper_weights = _mm256_setr_epi8(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7,
                                                 4, 5, 6, 7, 4, 5, 6, 7);
  const __m256i lower_weights = _mm256_add_epi8(upper_weights, _mm256_set1_epi8(8));
  for (int i = 0; i < a->outputs; i++) {
    const uint8_t *p = row + 4 * (size_t)a->first[i];
    const __m128i *k = (const __m128i *)a->packed + a->group[i];
    const __m128i *end = (const __m128i *)a->packed + a->group[i + 1];
    __m256i upper = _mm256_setzero_si256(), lower = _mm256_setzero_si256();
    for (; k < end; k++, p += 16) {
      __m128i bytes = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)p), by_channel);
      __m256i pixels = _mm256_cvtepu8_epi16(bytes);
      __m256i weights = _mm256_broadcastsi128_si256(_mm_loadu_si128(k));
      upper = _mm256_add_epi32(upper, _mm256_madd_epi16(pixels, _mm256_shuffle_epi8(weights, upper_weights)));
      lower = _mm256_add_epi32(lower, _mm256_madd_epi16(pixels, _mm256_shuffle_epi8(weights, lower_weights)));
    }
    __m256i both = _mm256_add_epi32(_mm256_slli_epi32(upper, 8), lower);
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
    sum = _mm_srai_epi32(_mm_add_epi32(sum, _mm_set1_epi32(HALF)), PRECISION);
    sum = _mm_packs_epi32(sum, sum);
    uint32_t pixel = (uint32_t)_mm_cvtsi128_si32(_mm_packus_epi16(sum, sum));
    out[i] = (uint8_t)pixel;
    out[plane + i] = (uint8_t)(pixel >> 8);
    out[2 * plane + i] = (uint8_t)(pixel >> 16);
  }
}

__attribute__((target("avx2"))) static __m256i combine(__m256i upper, __m256i lower) {
  __m256i sum = _mm256_add_epi32(_mm256_add_epi32(_mm256_slli_epi32(upper, 8), lower), _mm256_set1_epi32(HALF));
  return _mm256_srai_epi32(sum, PRECISION);
}

__attribute__((target("avx2"))) static void vertical_avx2(uint8_t *out, const uint8_t *const *rows, const int32_t *weights,
                                                          int count, size_t bytes) {
  for (size_t at = 0; at < bytes; at += COLUMNS) {
    __m256i upper0 = _mm256_setzero_si256(), lower0 = upper0, upper1 = upper0, lower1 = upper0;
    for (int t = 0; t < count; t += 2) {
      int paired = t + 1 < count;
      int32_t k0 = weights[t], k1 = paired ? weights[t + 1] : 0;
      __m256i ku = _mm256_set1_epi32((int32_t)(((uint32_t)(k0 >> 8) & 0xFFFF) | (uint32_t)(k1 >> 8) << 16));
      __m256i kl = _mm256_set1_epi32((k0 & 255) | (k1 & 255) << 16);
      __m128i r0 = _mm_loadu_si128((const __m128i *)(rows[t] + at));
      __m128i r1 = _mm_loadu_si128((const __m128i *)(rows[t + paired] + at));
      __m256i left = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(r0, r1));
      __m256i right = _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(r0, r1));
      upper0 = _mm256_add_epi32(upper0, _mm256_madd_epi16(left, ku));
      lower0 = _mm256_add_epi32(lower0, _mm256_madd_epi16(left, kl));
      upper1 = _mm256_add_epi32(upper1, _mm256_madd_epi16(right, ku));
      lower1 = _mm256_add_epi32(lower1, _mm256_madd_epi16(right, kl));
    }
    __m256i words = _mm256_packs_epi32(combine(upper0, lower0), combine(upper1, lower1));
    words = _mm256_permute4x64_epi64(words, 0xD8); // packing works within 128-bit halves
    __m128i result = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storeu_si128((__m128i *)(out + at), result);
  }
}

int resampler_has_simd(void) { return __builtin_cpu_supports("avx2"); }

#else

int resampler_has_simd(void) { return 0; }

#endif

// --- building --------------------------------------------------------------------------------------------------------

static void *copy(const void *from, size_t bytes) {
  void *to = malloc(bytes);
  if (to) memcpy(to, from, bytes);
  return to;
}

static int axis_init(axis *a, axis_plan plan) {
  size_t n = (size_t)plan.outputs;
  a->outputs = plan.outputs;
  a->stride = plan.stride;
  a->first = copy(plan.first, n * sizeof(int32_t));
  a->count = copy(plan.count, n * sizeof(int32_t));
  a->weights = copy(plan.weights, n * plan.stride * sizeof(int32_t));
  return a->first && a->count && a->weights;
}

static void axis_free(axis *a) {
  free(a->first);
  free(a->count);
  free(a->weights);
  free(a->packed);
  free(a->group);
}

static int use_simd(resampler *r) {
#ifdef HAVE_AVX2
  axis *x = &r->x;
  x->group = malloc(((size_t)x->outputs + 1) * sizeof(int));
  if (!x->group) return 0;
  x->group[0] = 0;
  for (int i = 0; i < x->outputs; i++) x->group[i + 1] = x->group[i] + (x->count[i] + 3) / 4;
  x->packed = malloc((size_t)x->group[x->outputs] * 8 * sizeof(int16_t));
  if (!x->packed) return 0;
  pack(x);
  r->horizontal = horizontal_avx2;
  r->vertical = vertical_avx2;
#endif
  return 1;
}

static int ring_init(resampler *r) {
  int right = 0;
  r->left = r->x.first[0];
  for (int i = 0; i < r->x.outputs; i++)
    if (r->x.first[i] + r->x.count[i] > right) right = r->x.first[i] + r->x.count[i];
  r->columns = right - r->left;
  for (int i = 0; i < r->y.outputs; i++)
    if (r->y.count[i] > r->ring_rows) r->ring_rows = r->y.count[i];
  size_t row = r->vertical_first ? 4 * (size_t)r->columns : 3 * round_up(r->x.outputs, COLUMNS);
  r->ring_stride = round_up(row, COLUMNS);
  // Cleared, because whole groups of columns are summed, the unused ones too.
  r->ring = calloc(r->ring_rows, r->ring_stride);
  r->line = calloc(1, r->ring_stride + ROW_PADDING);
  r->taps = malloc(r->ring_rows * sizeof(*r->taps));
  if (r->vertical_first)
    for (int i = 0; i < r->x.outputs; i++) r->x.first[i] -= r->left;
  return r->ring && r->line && r->taps;
}

resampler *resampler_new(int outputs_x, int stride_x, const int32_t *first_x, const int32_t *count_x,
                         const int32_t *weights_x, int outputs_y, int stride_y, const int32_t *first_y,
                         const int32_t *count_y, const int32_t *weights_y, int side, int vertical_first, int simd) {
  resampler *r = calloc(1, sizeof(*r));
  if (!r) return NULL;
  r->side = (size_t)side;
  r->vertical_first = vertical_first;
  r->horizontal = horizontal_scalar;
  r->vertical = vertical_scalar;
  if (!axis_init(&r->x, (axis_plan){outputs_x, stride_x, first_x, count_x, weights_x}) ||
      !axis_init(&r->y, (axis_plan){outputs_y, stride_y, first_y, count_y, weights_y}) || (simd && !use_simd(r)) ||
      !ring_init(r)) {
    resampler_free(r);
    return NULL;
  }
  return r;
}

void resampler_free(resampler *r) {
  if (!r) return;
  axis_free(&r->x);
  axis_free(&r->y);
  free(r->ring);
  free(r->line);
  free(r->taps);
  free(r);
}

void resampler_target(resampler *r, uint8_t *dst) { r->dst = dst; }

// --- running ---------------------------------------------------------------------------------------------------------

static uint8_t *ring_row(resampler *r, int y) { return r->ring + (size_t)(y % r->ring_rows) * r->ring_stride; }

static void emit(resampler *r, int i) {
  for (int t = 0; t < r->y.count[i]; t++) r->taps[t] = ring_row(r, r->y.first[i] + t);
  r->vertical(r->line, r->taps, r->y.weights + (size_t)i * r->y.stride, r->y.count[i], r->ring_stride);
  uint8_t *out = r->dst + (size_t)i * r->side;
  size_t out_plane = r->side * r->side, line_plane = round_up(r->x.outputs, COLUMNS);
  if (r->vertical_first)
    r->horizontal(out, out_plane, r->line, &r->x);
  else
    for (int c = 0; c < 3; c++) memcpy(out + c * out_plane, r->line + c * line_plane, r->x.outputs);
}

int resampler_row(resampler *r, const uint8_t *row, int y) {
  if (y < r->y.first[0]) return 1;
  if (resampler_complete(r)) return 0;
  if (r->vertical_first)
    memcpy(ring_row(r, y), row + 4 * (size_t)r->left, 4 * (size_t)r->columns);
  else
    r->horizontal(ring_row(r, y), round_up(r->x.outputs, COLUMNS), row, &r->x);
  while (!resampler_complete(r) && r->y.first[r->next] + r->y.count[r->next] <= y + 1) emit(r, r->next++);
  return !resampler_complete(r);
}

void resampler_image(resampler *r, uint8_t *dst, const uint8_t *pixels, int width, int height) {
  resampler_target(r, dst);
  for (int y = 0; y < height && resampler_row(r, pixels + (size_t)y * width * 4, y); y++) {
  }
}

int resampler_complete(const resampler *r) { return r->next == r->y.outputs; }
