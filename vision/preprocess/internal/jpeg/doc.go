// Package jpeg decodes JPEG as libjpeg-turbo does with its defaults, to the last bit: the accurate integer inverse DCT,
// chroma interpolated by the triangle filter, its colour matrix in fixed point, its estimates for progressive images that
// lack scans, and its ways with damaged data. Go's image/jpeg has another inverse DCT and other chroma.
//
// Sequential and progressive images with Huffman codes and 8 bits a sample are decoded, with 1, 3 or 4 components and any
// sampling whose factors divide the largest ones. Arithmetic codes and lossless images are not.
//
// The names are those of ITU-T T.81. Dimensions:
//
//	a block has 8 x 8 coefficients or samples   an MCU has the blocks that are coded together, at most 10
package jpeg
