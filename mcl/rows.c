#include "rows.h"

#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define WIDEST __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDEST
#endif

enum { lanes = 16 };
typedef float vector __attribute__((vector_size(lanes * sizeof(float))));

// A row is summed in float32 over at most this many numbers a lane, then in float64.
enum { stretch = 64 * lanes };

WIDEST void mcl_distances(const float *x, const int64_t *rows, const float *centroids, const int32_t *cluster, double *out,
                          int64_t n, int64_t d) {
  for (int64_t i = 0; i < n; i++) {
    const float *row = x + (rows ? rows[i] : i) * d;
    const float *centre = centroids + (cluster ? cluster[i] : 0) * d;
    double sum = 0;
    int64_t j = 0;
    while (j + lanes <= d) {
      vector squares = {0};
      for (int64_t end = j + stretch; j + lanes <= d && j < end; j += lanes) {
        vector a, b;
        memcpy(&a, row + j, sizeof a);
        memcpy(&b, centre + j, sizeof b);
        a -= b;
        squares += a * a;
      }
      for (int k = 0; k < lanes; k++) sum += squares[k];
    }
    for (; j < d; j++) {
      double difference = (double)row[j] - centre[j];
      sum += difference * difference;
    }
    out[i] = sum;
  }
}

WIDEST void mcl_add_rows(double *sums, const float *x, const int32_t *cluster, int64_t n, int64_t d, int64_t from, int64_t to) {
  for (int64_t i = 0; i < n; i++) {
    double *sum = sums + cluster[i] * d;
    const float *row = x + i * d;
    for (int64_t j = from; j < to; j++) sum[j] += row[j];
  }
}

WIDEST double mcl_add_differences(double *shift, const float *x, const float *origin, int64_t n, int64_t d) {
  double square = 0;
  for (int64_t i = 0; i < n; i++) {
    const float *row = x + i * d;
    double sums[8] = {0};
    int64_t j = 0;
    for (; j + 8 <= d; j += 8) {
      for (int k = 0; k < 8; k++) {
        double difference = (double)row[j + k] - origin[j + k];
        shift[j + k] += difference;
        sums[k] += difference * difference;
      }
    }
    for (; j < d; j++) {
      double difference = (double)row[j] - origin[j];
      shift[j] += difference;
      sums[0] += difference * difference;
    }
    for (int k = 0; k < 8; k++) square += sums[k];
  }
  return square;
}
