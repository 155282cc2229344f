// Package torchfile reads the tensors of PyTorch's zip files: what torch.save has written since version 1.6 (a state_dict, or a
// checkpoint that has one under "state_dict") and TorchScript archives, as which OpenAI published CLIP.
//
// A file is a zip whose entries are stored as they are: data.pkl, a pickle that describes the tensors, and data/0, data/1 and so
// on, the bytes that they view. The pickle is read by package pickle, the program code of a TorchScript archive is not looked at:
// nothing of a file is executed. Entries must not be compressed (PyTorch's are not, so that no entry is larger than the file),
// must not overlap, and must lie in the file whole.
package torchfile
