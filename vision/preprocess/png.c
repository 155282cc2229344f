#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"

// The functions of libpng 1.6 that are used (names and meaning: png.h); its structs stay opaque.
typedef void png_state, png_info;

enum { FILLER_AFTER = 1 };

typedef struct {
  const char *(*version)(const png_state *);
  png_state *(*create)(const char *version, void *error_pointer, void (*error)(png_state *, const char *),
                       void (*warning)(png_state *, const char *));
  png_info *(*create_info)(png_state *);
  void (*destroy)(png_state **, png_info **, png_info **);
  void *(*get_error_ptr)(const png_state *);
  void *(*get_io_ptr)(const png_state *);
  void (*set_read_fn)(png_state *, void *io_pointer, void (*read)(png_state *, uint8_t *, size_t));
  void (*read_info)(png_state *, png_info *);
  uint32_t (*get_image_width)(const png_state *, const png_info *);
  uint32_t (*get_image_height)(const png_state *, const png_info *);
  size_t (*get_rowbytes)(const png_state *, const png_info *);
  void (*set_expand)(png_state *);
  void (*set_strip_16)(png_state *);
  void (*set_strip_alpha)(png_state *);
  void (*set_gray_to_rgb)(png_state *);
  void (*set_filler)(png_state *, uint32_t filler, int where);
  int (*set_interlace_handling)(png_state *);
  void (*read_update_info)(png_state *, png_info *);
  void (*read_row)(png_state *, uint8_t *row, uint8_t *display);
} png_functions;

static png_functions png;

typedef struct {
  const uint8_t *data;
  size_t left;
  jmp_buf failed;
  int ended;
  png_state *state;
  png_info *info;
  uint8_t *rows; // one row, or the whole image where it is interlaced
  char *message;
} decoder;

int png_load(const char *path, char *message) {
  png_functions f = {0};
  void *h = codec_open(path, message);
  if (!h) return 0;
  const struct {
    const char *name;
    void *function;
  } needed[] = {
      {"png_get_libpng_ver", &f.version},
      {"png_create_read_struct", &f.create},
      {"png_create_info_struct", &f.create_info},
      {"png_destroy_read_struct", &f.destroy},
      {"png_get_error_ptr", &f.get_error_ptr},
      {"png_get_io_ptr", &f.get_io_ptr},
      {"png_set_read_fn", &f.set_read_fn},
      {"png_read_info", &f.read_info},
      {"png_get_image_width", &f.get_image_width},
      {"png_get_image_height", &f.get_image_height},
      {"png_get_rowbytes", &f.get_rowbytes},
      {"png_set_expand", &f.set_expand},
      {"png_set_strip_16", &f.set_strip_16},
      {"png_set_strip_alpha", &f.set_strip_alpha},
      {"png_set_gray_to_rgb", &f.set_gray_to_rgb},
      {"png_set_filler", &f.set_filler},
      {"png_set_interlace_handling", &f.set_interlace_handling},
      {"png_read_update_info", &f.read_update_info},
      {"png_read_row", &f.read_row},
  };
  for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
    if (!codec_symbol(h, needed[i].name, needed[i].function, message)) return 0;
  if (strncmp(f.version(NULL), "1.6.", 4) != 0) {
    snprintf(message, MESSAGE_BYTES, "is libpng %.20s, not 1.6", f.version(NULL));
    return 0;
  }
  png = f;
  return 1;
}

void png_about(char *path, char *version) {
  codec_path((const void *)png.create, path);
  snprintf(version, MESSAGE_BYTES, "%s", png.version(NULL));
}

static void on_error(png_state *state, const char *text) {
  decoder *d = png.get_error_ptr(state);
  snprintf(d->message, MESSAGE_BYTES, "%s", text);
  longjmp(d->failed, 1);
}

static void on_warning(png_state *state, const char *text) { (void)state, (void)text; }

static void on_read(png_state *state, uint8_t *out, size_t size) {
  decoder *d = png.get_io_ptr(state);
  if (size > d->left) {
    d->ended = 1;
    on_error(state, "the data ends within the image");
  }
  memcpy(out, d->data, size);
  d->data += size;
  d->left -= size;
}

// Alpha is dropped and transparent colours are ignored, as Pillow's convert("RGB") does; of 16 bits the upper 8 stay.
static int set_up(decoder *d, const sink *to) {
  png.set_read_fn(d->state, d, on_read);
  png.read_info(d->state, d->info);
  if (png.get_image_width(d->state, d->info) != (uint32_t)to->width ||
      png.get_image_height(d->state, d->info) != (uint32_t)to->height)
    on_error(d->state, "two headers of different size");
  png.set_expand(d->state);
  png.set_strip_16(d->state);
  png.set_strip_alpha(d->state);
  png.set_gray_to_rgb(d->state);
  png.set_filler(d->state, 255, FILLER_AFTER);
  int passes = png.set_interlace_handling(d->state);
  png.read_update_info(d->state, d->info);
  if (png.get_rowbytes(d->state, d->info) != (size_t)to->width * 4) on_error(d->state, "unexpected row size");
  return passes;
}

static int decode(decoder *d, const sink *to) {
  if (setjmp(d->failed)) return d->ended ? CODEC_TRUNCATED : CODEC_DAMAGED;
  d->state = png.create(png.version(NULL), d, on_error, on_warning);
  if (!d->state || !(d->info = png.create_info(d->state))) return CODEC_MEMORY;
  int passes = set_up(d, to), interlaced = passes > 1;
  size_t stride = (size_t)to->width * 4;
  d->rows = calloc(1, (interlaced ? stride * to->height : stride) + ROW_PADDING);
  if (!d->rows) return CODEC_MEMORY;
  for (int pass = 0; pass < passes; pass++) {
    for (int y = 0; y < to->height; y++) {
      uint8_t *row = interlaced ? d->rows + y * stride : d->rows;
      png.read_row(d->state, row, NULL);
      // All rows are read, needed or not: a cut-off file is refused whichever part of it is used.
      if (pass == passes - 1) sink_row(to, row, y);
    }
  }
  return CODEC_OK;
}

int png_decode(const uint8_t *data, size_t size, int width, int height, resampler *r, uint8_t *out, char *message) {
  sink to = sink_new(width, height, r, out);
  decoder *d = calloc(1, sizeof(*d));
  if (!d) return CODEC_MEMORY;
  d->data = data;
  d->left = size;
  d->message = message;
  int status = decode(d, &to);
  if (d->state) png.destroy(&d->state, &d->info, NULL);
  free(d->rows);
  free(d);
  return status;
}
