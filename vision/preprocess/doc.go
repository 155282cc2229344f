// Package preprocess turns encoded images into the pixels that a CLIP image tower takes, as open_clip 3.3 with
// torchvision 0.26 and Pillow 13 does: decode, convert to RGB, resize, crop. Normalising is left to the device.
//
// The result equals Pillow's in every bit, whichever way it is computed. With libjpeg, libpng and libwebp found at run
// time (see Libraries) rows of a JPEG or PNG are resized while they are decoded, without a full image in memory. Without
// them JPEG is decoded by our own package, which gives libjpeg's samples, and the rest by Go's decoders, with libwebp's
// chroma and colours; that is slower. The same files are refused, but that only libjpeg decodes lossless and arithmetic
// JPEG, and that Go is stricter with checksums of a PNG beside its pixels.
//
// Where this package differs from Pillow on purpose or by need:
//
//   - the grey of a 16-bit PNG or TIFF is scaled to 8 bits; Pillow 13 clips it, so that the image comes out white;
//   - a PNG whose pixels have a wrong checksum, or are cut off within it, is refused; Pillow does not look at it;
//   - a progressive JPEG with more than 500 scans is refused, as are images with a side above 65,535 pixels;
//   - a corrupt alpha plane of a WebP is not noticed, because alpha is not used;
//   - Go's readers of GIF, BMP and TIFF know fewer variants than Pillow, and refuse a GIF with data left over;
//   - an orientation that only XMP data tells is not seen.
//
// AVIF, HEIC and JPEG XL are recognised but unsupported.
//
// Dimensions:
//
//	S side of the square result   W, H sides of the image   pixels in memory: 4 bytes, the fourth unused
package preprocess
