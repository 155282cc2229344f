package speed

import _ "embed"

// Reference is the other side: a Python program that does the work with PyTorch, open_clip, torchvision, Pillow, pyarrow and
// tokenizers, as their users do. It takes the same flags as our side and follows the same protocol.
//
//go:embed reference.py
var Reference []byte

// PlainTorch is the other side for machines that have PyTorch and nothing else; it knows the works of PlainWorks.
//
//go:embed reference_torch.py
var PlainTorch []byte

// PlainWorks are the works of PlainTorch.
var PlainWorks = []string{"embed-images", "finetune"}
