// Package pickle reads the subset of Python's pickle format that tensors are saved with, and executes nothing.
//
// A pickle is a program for a stack machine, and an ordinary reader imports whatever the program names and calls it. This one
// knows the opcodes that torch.save and TorchScript write (protocol 2, with what later protocols write in their place) and
// imports nothing: each class that the program names is put before the caller's Env, which returns what a call of it gives, or
// refuses it. Any other opcode is refused by name.
//
// The value of a pickle is made of: nil, bool, int64, float64, string, []byte, Tuple, *List, *Dict, *Object, and what Env
// returned.
package pickle
