// Package speed compares how fast two programs do the same work. Each side is a process that prepares the work once and
// then does a round of it whenever it is asked; the rounds of both sides alternate, so that whatever else the machine does
// falls on both alike. What is reported is the ratio of each pair of neighbouring rounds: times of different days are never
// compared.
//
// Both sides must come to the same numbers (losses, features, checksums); a comparison of different work is an error.
package speed
