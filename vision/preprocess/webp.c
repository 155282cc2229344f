#include <stdio.h>

#include "codec.h"

typedef struct {
  int (*version)(void);
  uint8_t *(*decode_rgba_into)(const uint8_t *data, size_t size, uint8_t *out, size_t out_size, int stride);
} webp_functions;

static webp_functions webp;

int webp_load(const char *path, char *message) {
  webp_functions f = {0};
  void *handle = codec_open(path, message);
  if (!handle || !codec_symbol(handle, "WebPGetDecoderVersion", &f.version, message) ||
      !codec_symbol(handle, "WebPDecodeRGBAInto", &f.decode_rgba_into, message))
    return 0;
  webp = f;
  return 1;
}

void webp_about(char *path, char *version) {
  codec_path((const void *)webp.decode_rgba_into, path);
  int v = webp.version();
  snprintf(version, MESSAGE_BYTES, "%d.%d.%d", v >> 16, v >> 8 & 255, v & 255);
}

int webp_decode(const uint8_t *data, size_t size, uint8_t *out, size_t out_size, int stride) {
  return webp.decode_rgba_into(data, size, out, out_size, stride) ? CODEC_OK : CODEC_DAMAGED;
}
