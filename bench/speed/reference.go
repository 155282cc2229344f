package speed

import _ "embed"

// Reference is the other side: a Python program that does the work with PyTorch, open_clip, torchvision, Pillow, pyarrow and
// tokenizers, as their users do. It takes the same flags as our side and follows the same protocol.
//
//go:embed reference.py
var Reference []byte
