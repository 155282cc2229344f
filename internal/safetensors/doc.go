// Package safetensors reads and writes the safetensors file format of Hugging Face.
//
// A file is: an 8-byte little-endian length N, N bytes of JSON, the tensors' bytes. The JSON maps each tensor's name to its
// dtype, shape and the span of its bytes, counted from the end of the JSON; the optional key "__metadata__" maps strings to
// strings. Numbers are little-endian, tensors are row-major.
//
// The reader is as strict as the reference implementation (safetensors 0.5, safetensors/src/tensor.rs), and says
// everything that is wrong with a file at once: the spans must cover the data without gaps or overlaps, each span must
// have the size that dtype and shape ask for, no key may come twice, no byte may be left over.
package safetensors
