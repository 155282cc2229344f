#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "jpeg62.h"

// A file with more scans than this only wastes time; real progressive files have about ten.
enum { MOST_SCANS = 500 };

typedef struct {
  jpeg62_error *(*std_error)(jpeg62_error *);
  void (*create)(jpeg62_decompress *, int version, size_t size);
  void (*destroy)(jpeg62_decompress *);
  int (*read_header)(jpeg62_decompress *, int require_image);
  int (*start)(jpeg62_decompress *);
  unsigned (*read_scanlines)(jpeg62_decompress *, uint8_t **rows, unsigned n);
  int (*resync_to_restart)(jpeg62_decompress *, int desired);
  const char *generation;
} jpeg_functions;

static jpeg_functions jpeg;

// One image. The library's struct comes first, so that a pointer to it is a pointer to this; it is never used twice:
// libjpeg-turbo 3.1 was seen to give wrong images from a reused one.
typedef struct {
  jpeg62_decompress library;
  jpeg62_error error;
  jpeg62_source source;
  jpeg62_progress progress;
  jmp_buf failed;
  int ended; // the data ended before the image did
  uint8_t *row;
  char *message;
} decoder;

int jpeg_load(const char *path, char *message) {
  jpeg_functions f = {0};
  void *handle = codec_open(path, message);
  if (!handle) return 0;
  if (!codec_symbol(handle, "jpeg_std_error", &f.std_error, message) ||
      !codec_symbol(handle, "jpeg_CreateDecompress", &f.create, message) ||
      !codec_symbol(handle, "jpeg_destroy_decompress", &f.destroy, message) ||
      !codec_symbol(handle, "jpeg_read_header", &f.read_header, message) ||
      !codec_symbol(handle, "jpeg_start_decompress", &f.start, message) ||
      !codec_symbol(handle, "jpeg_read_scanlines", &f.read_scanlines, message) ||
      !codec_symbol(handle, "jpeg_resync_to_restart", &f.resync_to_restart, message))
    return 0;
  // libjpeg has no function that tells its version; the functions that came with one do.
  void *newer;
  char ignored[MESSAGE_BYTES];
  f.generation = codec_symbol(handle, "jpeg12_read_scanlines", &newer, ignored)   ? "libjpeg-turbo 3, ABI 62"
                 : codec_symbol(handle, "jpeg_skip_scanlines", &newer, ignored) ? "libjpeg-turbo 1.5 or 2, ABI 62"
                                                                                : "libjpeg, ABI 62";
  jpeg = f;
  return 1;
}

void jpeg_about(char *path, char *version) {
  codec_path((const void *)jpeg.create, path);
  snprintf(version, MESSAGE_BYTES, "%s", jpeg.generation);
}

// --- what the library calls ------------------------------------------------------------------------------------------

static void on_error(jpeg62_decompress *library) {
  decoder *d = (decoder *)library;
  library->err->format_message(library, d->message);
  longjmp(d->failed, 1);
}

static void on_message(jpeg62_decompress *library, int level) {
  (void)library, (void)level; // corrupt but decodable data is accepted, as Pillow does
}

static void on_output(jpeg62_decompress *library) { (void)library; }

static void on_progress(jpeg62_decompress *library) {
  decoder *d = (decoder *)library;
  if (library->input_scan_number <= MOST_SCANS) return;
  snprintf(d->message, MESSAGE_BYTES, "more than %d scans", MOST_SCANS);
  longjmp(d->failed, 1);
}

static void source_nothing(jpeg62_decompress *library) { (void)library; }

// Past its end the data goes on with end-of-image markers; ended tells the caller.
static int source_fill(jpeg62_decompress *library) {
  static const uint8_t end_of_image[2] = {0xFF, 0xD9};
  ((decoder *)library)->ended = 1;
  library->src->next_input_byte = end_of_image;
  library->src->bytes_in_buffer = sizeof(end_of_image);
  return 1;
}

static void source_skip(jpeg62_decompress *library, long bytes) {
  if (bytes <= 0) return;
  size_t skipped = (size_t)bytes < library->src->bytes_in_buffer ? (size_t)bytes : library->src->bytes_in_buffer;
  library->src->next_input_byte += skipped;
  library->src->bytes_in_buffer -= skipped;
}

// --- decoding --------------------------------------------------------------------------------------------------------

static void connect(decoder *d, const uint8_t *data, size_t size) {
  d->library.err = jpeg.std_error(&d->error);
  d->error.error_exit = on_error;
  d->error.emit_message = on_message;
  d->error.output_message = on_output;
  d->source = (jpeg62_source){data, size, source_nothing, source_fill, source_skip, jpeg.resync_to_restart, source_nothing};
  d->progress.progress_monitor = on_progress;
}

// Pillow takes every CMYK JPEG as Adobe's, whose values are inverted; then its cmyk2rgb, with x/255 rounded as MULDIV255.
static void cmyk_to_rgb(uint8_t *row, int width) {
  for (uint8_t *p = row; p < row + 4 * (size_t)width; p += 4) {
    unsigned black = p[3];
    for (int c = 0; c < 3; c++) {
      unsigned product = (255 - p[c]) * black + 128;
      p[c] = (uint8_t)(black - ((product >> 8) + product) / 256);
    }
  }
}

#define PAST_ALIGNMENT 8 // bytes from an address that malloc returns to one that no vector register is aligned to

static int truncated(decoder *d) {
  snprintf(d->message, MESSAGE_BYTES, "the data ends at row %u of %u", d->library.output_scanline, d->library.image_height);
  return CODEC_TRUNCATED;
}

static int read_rows(decoder *d, const sink *to, int ends_well) {
  jpeg62_decompress *library = &d->library;
  int cmyk = library->out_color_space == JCS_CMYK_SPACE, wanted = 1;
  for (int y = 0; y < to->height; y++) {
    jpeg.read_scanlines(library, &d->row, 1);
    if (d->ended) return truncated(d);
    if (!wanted) continue;
    if (cmyk) cmyk_to_rgb(d->row, to->width);
    wanted = sink_row(to, d->row, y);
    if (!wanted && ends_well) break;
  }
  return CODEC_OK;
}

static int decode(decoder *d, const sink *to, int ends_well) {
  jpeg62_decompress *library = &d->library;
  if (setjmp(d->failed)) return CODEC_DAMAGED;
  jpeg.create(library, JPEG_ABI, sizeof(*library));
  library->src = &d->source; // creating clears all but err
  library->progress = &d->progress;
  jpeg.read_header(library, 1);
  if (library->image_width != (unsigned)to->width || library->image_height != (unsigned)to->height) {
    snprintf(d->message, MESSAGE_BYTES, "two headers of different size");
    return CODEC_DAMAGED;
  }
  int cmyk = library->jpeg_color_space == JCS_CMYK_SPACE || library->jpeg_color_space == JCS_YCCK_SPACE;
  library->out_color_space = cmyk ? JCS_CMYK_SPACE : JCS_EXT_RGBX_SPACE;
  jpeg.start(library);
  if (d->ended) return truncated(d);
  if (library->output_components != 4 || library->output_width != (unsigned)to->width) return CODEC_DAMAGED;
  return read_rows(d, to, ends_well);
}

int jpeg_decode(const uint8_t *data, size_t size, int width, int height, resampler *r, uint8_t *out, char *message) {
  sink to = sink_new(width, height, r, out);
  decoder *d = calloc(1, sizeof(*d));
  if (!d) return CODEC_MEMORY;
  d->message = message;
  // libjpeg-turbo writes a row at an address that vector registers suit past the cache, from where it is read next; malloc
  // returns such addresses by chance. One that does not suit halves the time of a whole image.
  uint8_t *memory = malloc(PAST_ALIGNMENT + (size_t)to.width * 4 + ROW_PADDING);
  int status = CODEC_MEMORY;
  if (memory) {
    d->row = memory + PAST_ALIGNMENT;
    connect(d, data, size);
    // A file that ends with its end-of-image marker is not cut off, so the rows below the crop need not be read.
    status = decode(d, &to, size >= 2 && data[size - 2] == 0xFF && data[size - 1] == 0xD9);
    jpeg.destroy(&d->library);
  }
  free(memory);
  free(d);
  return status;
}
