// Package preprocess turns encoded images into the pixels that a CLIP image tower takes, as open_clip 3.3 with
// torchvision 0.26 and Pillow 13 does: decode, convert to RGB, resize, crop. Normalising is left to the device.
//
// With libjpeg, libpng and libwebp found at run time (see Libraries) the result equals Pillow's in every bit, whichever
// way it is computed; rows are resized while they are decoded, and no full image exists. Without them Go's decoders are
// used. Those agree for PNG, WebP, GIF, BMP and TIFF; for JPEG another inverse DCT makes up to 4 of 255 difference.
//
// Where this package differs from Pillow on purpose or by need:
//
//   - the grey of a 16-bit PNG or TIFF is scaled to 8 bits; Pillow 13 clips it, so that the image comes out white;
//   - a PNG whose checksums are wrong is refused, Pillow does not look at those of the pixels;
//   - a progressive JPEG with more than 500 scans is refused, as are images with a side above 65,535 pixels;
//   - a corrupt alpha plane of a WebP is not noticed, because alpha is not used;
//   - Go's readers of GIF, BMP and TIFF know fewer variants than Pillow.
//
// AVIF, HEIC and JPEG XL are recognised but unsupported.
//
// Dimensions:
//
//	S side of the square result   W, H sides of the image   pixels in memory: 4 bytes, the fourth unused
package preprocess
