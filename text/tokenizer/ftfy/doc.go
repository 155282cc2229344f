// Package ftfy mends broken Unicode text as ftfy 6.3.1 does by default: mojibake (UTF-8 that was read in another
// encoding), entities, curly quotes, ligatures, full-width letters, control characters, NFC.
//
// It follows ftfy.fix_text to the letter, because CLIP's text towers were trained on text that went through it and
// open_clip's tokenizer still calls it. Python 3.11 gives the Unicode version (14.0).
//
// The heuristics and the tables derive from ftfy, Copyright 2023 Robyn Speer, Apache License 2.0; the licence is in
// this folder, the code is a new implementation in Go. Names of the original are given where its rules are followed.
package ftfy
