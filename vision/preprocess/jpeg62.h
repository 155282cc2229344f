// The part of libjpeg's interface that is used here, written out so that no header is needed to build.
//
// Layouts and names are those of jpeglib.h of the Independent JPEG Group's libjpeg 6b, as libjpeg-turbo keeps them for
// its ABI 62 (libjpeg.so.62) on 64-bit machines; libjpeg itself checks the size of the main struct against its own.
#ifndef MCLCLIP_JPEG62_H
#define MCLCLIP_JPEG62_H

#include <stddef.h>
#include <stdint.h>

enum { JPEG_ABI = 62, JCS_CMYK_SPACE = 4, JCS_YCCK_SPACE = 5, JCS_EXT_RGBX_SPACE = 7 };

typedef struct jpeg62_decompress jpeg62_decompress;

typedef struct {
  void (*error_exit)(jpeg62_decompress *);
  void (*emit_message)(jpeg62_decompress *, int level);
  void (*output_message)(jpeg62_decompress *);
  void (*format_message)(jpeg62_decompress *, char *buffer); // at most 200 bytes
  void (*reset_error_mgr)(jpeg62_decompress *);
  int msg_code;
  union {
    int i[8];
    char s[80];
  } msg_parm;
  int trace_level;
  long num_warnings;
  const char *const *jpeg_message_table;
  int last_jpeg_message;
  const char *const *addon_message_table;
  int first_addon_message, last_addon_message;
} jpeg62_error;

typedef struct {
  void (*progress_monitor)(jpeg62_decompress *);
  long pass_counter, pass_limit;
  int completed_passes, total_passes;
} jpeg62_progress;

typedef struct {
  const uint8_t *next_input_byte;
  size_t bytes_in_buffer;
  void (*init_source)(jpeg62_decompress *);
  int (*fill_input_buffer)(jpeg62_decompress *);
  void (*skip_input_data)(jpeg62_decompress *, long bytes);
  int (*resync_to_restart)(jpeg62_decompress *, int desired);
  void (*term_source)(jpeg62_decompress *);
} jpeg62_source;

struct jpeg62_decompress {
  jpeg62_error *err;
  void *mem;
  jpeg62_progress *progress;
  void *client_data;
  int is_decompressor, global_state;
  jpeg62_source *src;
  unsigned image_width, image_height;
  int num_components, jpeg_color_space;
  int out_color_space;
  unsigned scale_num, scale_denom;
  double output_gamma;
  int buffered_image, raw_data_out, dct_method, do_fancy_upsampling, do_block_smoothing;
  int quantize_colors, dither_mode, two_pass_quantize, desired_number_of_colors;
  int enable_1pass_quant, enable_external_quant, enable_2pass_quant;
  unsigned output_width, output_height;
  int out_color_components, output_components, rec_outbuf_height, actual_number_of_colors;
  void *colormap;
  unsigned output_scanline;
  int input_scan_number;
  unsigned input_imcu_row;
  int output_scan_number;
  unsigned output_imcu_row;
  char internal[440]; // private to the library
};

_Static_assert(sizeof(jpeg62_decompress) == 632, "size of jpeg_decompress_struct, ABI 62");
_Static_assert(offsetof(jpeg62_decompress, out_color_space) == 64, "offset of out_color_space, ABI 62");
_Static_assert(offsetof(jpeg62_decompress, output_scanline) == 168, "offset of output_scanline, ABI 62");
_Static_assert(sizeof(jpeg62_error) == 168, "size of jpeg_error_mgr, ABI 62");

#endif
