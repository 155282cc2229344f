package main

import "strings"

// list is the value of a flag that may be repeated.
type list []string

// Set adds a value.
func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}

// String is the default that --help shows.
func (l *list) String() string {
	if l == nil {
		return ""
	}
	return strings.Join(*l, " ")
}
