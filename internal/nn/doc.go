// Package nn holds the layers that both towers of CLIP are made of: the pre-norm transformer block of Vaswani et al. 2017
// (arXiv 1706.03762) and Radford et al. 2021 (arXiv 2103.00020), under the names and with the numbers of open_clip.
//
// Dimensions:
//
//	B batch   L tokens   D width   H heads   F hidden width of the MLP
//
// A Builder makes the parameters and remembers them by their name in open_clip's state_dict. Layers hold their tensors and
// nothing else, and a Forward has no frees: what it makes belongs to the scope of its input.
package nn
