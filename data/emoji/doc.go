// Package emoji makes image-caption shards, and a benchmark in the layout of MMVP-VLM, from published emoji: small real
// drawings by several hands, with human-written names, a few seconds away and under free licences.
//
// It reads the npm packages emoji-datasource-google and emoji-datasource-twitter (drawings of Noto Emoji and Twemoji, as
// PNG of 64 pixels, and one table of all emoji) and openmoji (a third set of drawings, as SVG, and names and tags). The
// script scripts/emoji.py fetches them.
//
// The words: a code is an emoji's code points in lower-case hexadecimal without the variation selector FE0F ("1f44b-1f3fd");
// a base is what is left of a code when skin tone, gender and direction are taken away: all drawings of one base are on one
// side of the split; a source is a set of drawings.
//
// The benchmark's pairs are listed in pairs.csv, by hand, where an artist drew two emoji that differ in essentially one
// respect; pairs of skin tone and of gender are added by rule. Their bases are held out of training. The mapping to the
// nine patterns is an analogue, not a claim of equal difficulty: "close-up of the face" stands for a viewpoint, and people of
// other skin tone or gender for appearance.
package emoji
