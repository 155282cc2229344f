package pickle

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// The programs are what Python's pickle.dumps(value, protocol) writes.
func TestValues(t *testing.T) {
	dict := NewDict()
	for _, pair := range [][2]any{{"a", int64(1)}, {int64(2), Tuple{true, nil, false}}} {
		if err := dict.set(pair[0], pair[1]); err != nil {
			t.Fatal(err)
		}
	}
	shared := &List{Items: []any{int64(1)}}
	for _, c := range []struct {
		name, program string
		want          any
	}{
		{"None", "\x80\x02N.", nil},
		{"255", "\x80\x02K\xff.", int64(255)},
		{"-1", "\x80\x02J\xff\xff\xff\xff.", int64(-1)},
		{"65535", "\x80\x02M\xff\xff.", int64(65535)},
		{"2**40", "\x80\x02\x8a\x06\x00\x00\x00\x00\x00\x01.", int64(1) << 40},
		{"-2**40", "\x80\x02\x8a\x06\x00\x00\x00\x00\x00\xff.", -int64(1) << 40},
		{"0.1", "\x80\x02G?\xb9\x99\x99\x99\x99\x99\x9a.", 0.1},
		{"inf", "\x80\x02G\x7f\xf0\x00\x00\x00\x00\x00\x00.", math.Inf(1)},
		{"'ä'", "\x80\x02X\x02\x00\x00\x00\xc3\xa4q\x00.", "ä"},
		{"'a', protocol 4", "\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00\x8c\x01a\x94.", "a"},
		{"(1, 2, 3, 4)", "\x80\x02(K\x01K\x02K\x03K\x04tq\x00.", Tuple{int64(1), int64(2), int64(3), int64(4)}},
		{"[1]", "\x80\x02]q\x00K\x01a.", &List{Items: []any{int64(1)}}},
		{"{'a': 1, 2: (True, None, False)}", "\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01K\x01K\x02\x88N\x89\x87q\x02u.", dict},
		{"[x, x] of x = [1]", "\x80\x02]q\x00(]q\x01K\x01ah\x01e.", &List{Items: []any{shared, shared}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Load([]byte(c.program), Env{})
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %#v, %v; want %#v", got, err, c.want)
			}
		})
	}
}

// environment lets pass only one class, whose calls it writes down.
func environment(calls *[]string) Env {
	return Env{
		Allow: func(c Class) error {
			if c.String() != "collections.OrderedDict" {
				return fmt.Errorf("%s is refused", c)
			}
			return nil
		},
		Call: func(c Class, args Tuple) (any, error) {
			*calls = append(*calls, fmt.Sprint(c, args))
			return NewDict(), nil
		},
		Persistent: func(id any) (any, error) { return nil, errors.New("no storage") },
	}
}

func TestWhatCouldRunCodeIsRefusedByName(t *testing.T) {
	for _, c := range []struct{ name, program, want string }{
		{"os.system", "\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R.", "posix.system is refused"},
		{"builtins.eval, protocol 4", "\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.", "builtins.eval is refused"},
		{"a class of a package", "\x80\x02copen_clip.model\nCLIP\n)\x81}b.", "open_clip.model.CLIP is refused"},
		{"named and not called", "\x80\x02cos\nsystem\n0N.", "os.system is refused"},
		{"INST", "(S'id'\nios\nsystem\n.", "opcode STRING"},
		{"OBJ", "\x80\x02(o.", "opcode OBJ"},
		{"a copyreg extension", "\x80\x02\x82\x01.", "opcode EXT1"},
		{"NEWOBJ_EX", "\x80\x04\x92.", "opcode NEWOBJ_EX"},
		{"an opcode that Python lacks", "\x80\x02\xff.", "opcode 0xff"},
		{"a call of a string", "\x80\x02X\x02\x00\x00\x00id)R.", "a string is called"},
		{"a persistent id", "\x80\x02K\x01Q.", "no storage"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var calls []string
			value, err := Load([]byte(c.program), environment(&calls))
			if err == nil || !strings.Contains(err.Error(), c.want) || len(calls) > 0 {
				t.Errorf("got %v, error %v, calls %v; want no call and an error with %q", value, err, calls, c.want)
			}
		})
	}
	var calls []string
	if _, err := Load([]byte("\x80\x02ccollections\nOrderedDict\n)R}b."), environment(&calls)); err != nil || len(calls) != 1 {
		t.Errorf("error %v, calls %v; want the call that is allowed", err, calls)
	}
}

func TestMalformedPrograms(t *testing.T) {
	for _, c := range []struct{ name, program, want string }{
		{"empty", "", "cut short"},
		{"no STOP", "\x80\x02N", "cut short"},
		{"STOP on nothing", "\x80\x02.", "the stack is empty"},
		{"two values", "\x80\x02NN.", "1 values are left over"},
		{"a longer string than there is", "\x80\x02X\xff\xff\xff\xffab.", "4294967295 bytes wanted, 3 are there"},
		{"a string of 2^63 bytes", "\x80\x04\x8d\x00\x00\x00\x00\x00\x00\x00\x80.", "bytes wanted"},
		{"not UTF-8", "\x80\x02X\x01\x00\x00\x00\xff.", "not UTF-8"},
		{"no MARK", "\x80\x02Nt.", "no MARK"},
		{"a mark as value", "\x80\x02(a.", "after MARK"},
		{"an odd dict", "\x80\x02}(Nu.", "a key has no value"},
		{"a dict as a key", "\x80\x02}}Ns.", "a dict key is a dict"},
		{"append to a dict", "\x80\x02}Na.", "got a dict, want a list"},
		{"nothing under 7", "\x80\x02h\x07.", "nothing was stored under 7"},
		{"a large number", "\x80\x02\x8a\x09123456789.", "a number of 9 bytes"},
		{"protocol 6", "\x80\x06N.", "protocol 6"},
		{"a name without end", "\x80\x02cos", "a name has no end"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if value, err := Load([]byte(c.program), Env{}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, %v; want an error with %q", value, err, c.want)
			}
		})
	}
}

// programs are what fuzzing starts from.
var programs = []string{
	"\x80\x02ccollections\nOrderedDict\n)R(X\x01\x00\x00\x00aK\x01u}b.", "\x80\x02(K\x01J\xff\xff\xff\xfftq\x00h\x00\x86.",
	"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00\x8c\x01a\x94]\x94h\x00a.", "\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R.",
}

// harmless loads a program, which may call what is allowed only and fail in one line only.
func harmless(t *testing.T, program []byte) {
	t.Helper()
	var calls []string
	_, err := Load(program, environment(&calls))
	for _, call := range calls {
		if !strings.HasPrefix(call, "collections.OrderedDict") {
			t.Errorf("%s was called", call)
		}
	}
	if err != nil && strings.ContainsRune(err.Error(), '\n') {
		t.Errorf("the error has more than one line: %q", err)
	}
}

// A short run over damaged programs; make fuzz looks longer and further.
func TestDamagedProgramsAreHarmless(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, program := range programs {
		for range 20000 {
			bad := []byte(program)
			for range 1 + random.IntN(3) {
				bad[random.IntN(len(bad))] = byte(random.IntN(256))
			}
			harmless(t, bad)
		}
	}
}

func FuzzLoad(f *testing.F) {
	for _, program := range programs {
		f.Add([]byte(program))
	}
	f.Fuzz(harmless)
}
