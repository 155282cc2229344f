// Package scenes draws small pictures from known parameters, with captions that tell those parameters, and a benchmark of
// pairs that differ in one of them. It exists to measure feature suppression: in real data nobody knows what a picture
// shows, here every feature can be counted, held constant or made easier than the others.
//
// Figures, textures and colours follow Trifeature (Hermann and Lampinen 2020, arXiv 2006.12433): ten of each, drawn by the
// rules of the re-implementation in Duplums/CoMM, at any size. An optional code stamp is the easy feature that suppresses
// the others, as the bits of RandBit (Chen, Luo and Li 2021, arXiv 2011.02803): random bits shown as squares along the
// upper edge and told in the caption.
//
// Two modes:
//
//   - "triple": one figure; the caption is three words, "red stripes triangle". The benchmark's patterns are Color, Texture
//     and Shape: they are Trifeature's, not MMVP's, and are named so.
//   - "scene": pictures for all nine patterns of MMVP-VLM; each pattern has a drawn analogue (see Patterns).
//
// The words: a figure is an outline (a Trifeature shape, an arrow, a cup); an object is a figure with texture, colour and
// place; a combination is the (colour, texture, figure) of an object; some combinations are held out of training.
package scenes
