// Decoders of the image libraries that are found at run time. Nothing of them is needed to build.
#ifndef MCLCLIP_CODEC_H
#define MCLCLIP_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "resample.h"

enum { CODEC_OK, CODEC_DAMAGED, CODEC_TRUNCATED, CODEC_MEMORY };
enum { MESSAGE_BYTES = 256 };

// Each *_load opens the library at path and takes its functions from it; a failure is told in message, and the
// functions taken before stay in use. Not safe for concurrent use; everything else is.
int codec_preload(const char *path, char *message);
int jpeg_load(const char *path, char *message);
int png_load(const char *path, char *message);
int webp_load(const char *path, char *message);

// Each *_about writes the file that the loaded library came from and its version.
void jpeg_about(char *path, char *version);
void png_about(char *path, char *version);
void webp_about(char *path, char *version);

// Each *_decode decodes an image whose header says width x height; another size is damage. With a resampler, out gets
// its result; without one, out gets the image with 4 bytes a pixel, or is NULL. Where fewer rows suffice, decoding may
// stop early, but a truncated file is refused all the same.
int jpeg_decode(const uint8_t *data, size_t size, int width, int height, resampler *r, uint8_t *out, char *message);
int png_decode(const uint8_t *data, size_t size, int width, int height, resampler *r, uint8_t *out, char *message);

// Writes the image with 4 bytes a pixel. data is a VP8 or VP8L bitstream.
int webp_decode(const uint8_t *data, size_t size, uint8_t *out, size_t out_size, int stride);

// Used by the decoders themselves.

typedef struct {
  int width, height;
  resampler *resampler;
  uint8_t *out;
} sink;

sink sink_new(int width, int height, resampler *r, uint8_t *out);
int sink_row(const sink *to, const uint8_t *row, int y); // 0 once no further row is needed

void *codec_open(const char *path, char *message);
int codec_symbol(void *handle, const char *name, void *function, char *message);
void codec_path(const void *function, char *path);

#endif
