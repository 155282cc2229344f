package thriftcheck

import (
	"strings"
	"testing"
)

func TestStruct(t *testing.T) {
	for _, c := range []struct{ name, bytes, want string }{
		{"empty", "\x00", ""},
		{"i32 and bool", "\x15\x02\x11\x00", ""},
		{"a field with its own number", "\x05\x40\x02\x00", ""},
		{"binary", "\x18\x03abc\x00", ""},
		{"list of i64", "\x19\x36\x02\x02\x02\x00", ""},
		{"list of 16 bools", "\x19\xf1\x10" + strings.Repeat("\x01", 16) + "\x00", ""},
		{"struct in a list", "\x19\x1c\x15\x02\x00\x00", ""},
		{"map", "\x1b\x01\x85\x01a\x02\x00", ""},
		{"double", "\x1712345678\x00", ""},
		{"no stop", "\x15\x02", "inside a field"},
		{"nothing", "", "inside a field"},
		{"a long binary", "\x18\xff\xff\xff\xff\x07abc\x00", "2147483647 bytes are claimed"},
		{"a long list", "\x19\xfc\xff\xff\xff\xff\x07\x00\x00", "2147483647 elements in 2 bytes"},
		{"a long map", "\x1b\xff\xff\xff\xff\x07\x85\x00", "2147483647 elements"},
		{"a type that there is not", "\x1d\x00", "type 13"},
		{"a varint without end", "\x15\xff\xff", "inside a field"},
		{"deep", strings.Repeat("\x1c", 40) + strings.Repeat("\x00", 41), "more than 32 deep"},
		{"deep lists", "\x19" + strings.Repeat("\x19", 40) + "\x11\x01\x00", "more than 32 deep"},
	} {
		err := Struct([]byte(c.bytes))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func FuzzStruct(f *testing.F) {
	f.Add([]byte("\x19\x1c\x15\x02\x00\x18\x03abc\x1b\x01\x85\x01a\x02\x00"))
	f.Fuzz(func(t *testing.T, b []byte) { _ = Struct(b) })
}
