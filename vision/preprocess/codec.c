#define _GNU_SOURCE
#include "codec.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static void *open_with(const char *path, int flags, char *message) {
  void *handle = dlopen(path, flags);
  if (!handle) snprintf(message, MESSAGE_BYTES, "%s", dlerror());
  return handle;
}

void *codec_open(const char *path, char *message) { return open_with(path, RTLD_NOW | RTLD_LOCAL, message); }

int codec_preload(const char *path, char *message) { return open_with(path, RTLD_NOW | RTLD_GLOBAL, message) != NULL; }

int codec_symbol(void *handle, const char *name, void *function, char *message) {
  void *found = dlsym(handle, name);
  if (!found) {
    snprintf(message, MESSAGE_BYTES, "lacks %s", name);
    return 0;
  }
  memcpy(function, &found, sizeof(found));
  return 1;
}

void codec_path(const void *function, char *path) {
  Dl_info info;
  if (dladdr(function, &info) && info.dli_fname) snprintf(path, MESSAGE_BYTES, "%s", info.dli_fname);
}

sink sink_new(int width, int height, resampler *r, uint8_t *out) {
  if (r) resampler_target(r, out);
  return (sink){width, height, r, out};
}

int sink_row(const sink *to, const uint8_t *row, int y) {
  if (to->resampler) return resampler_row(to->resampler, row, y);
  if (to->out) memcpy(to->out + (size_t)y * to->width * 4, row, (size_t)to->width * 4);
  return 1;
}
