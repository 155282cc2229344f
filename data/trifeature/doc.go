// Package trifeature generates the Trifeature data set (Hermann and Lampinen 2020, arXiv 2006.12433): one of 10 shapes, filled
// with one of 10 textures in one of 10 colours, on grey. The published generator was not at hand; the rules are those of the
// paper's text and, for each class, of the generator of CoMM (Dufumier et al. 2024).
//
// A picture is a function of its three classes and a seed, so that any picture can be drawn without the others.
package trifeature
