// Sums over rows of features, written so that the compiler uses the widest registers of the processor at hand.
#pragma once
#include <stdint.h>

// Squared Euclidean distances out[n] of rows of x [., d] to centroids [., d]. rows: which rows of x, NULL for 0..n-1; cluster:
// the centroid of each, NULL for the first.
void mcl_distances(const float *x, const int64_t *rows, const float *centroids, const int32_t *cluster, double *out,
                   int64_t n, int64_t d);

// Adds the columns from..to-1 of each row of x [n, d] to the sum [., d] of its cluster.
void mcl_add_rows(double *sums, const float *x, const int32_t *cluster, int64_t n, int64_t d, int64_t from, int64_t to);

// Adds each row of x [n, d] less origin [d] to shift [d], and returns the sum of the squares of these differences.
double mcl_add_differences(double *shift, const float *x, const float *origin, int64_t n, int64_t d);
