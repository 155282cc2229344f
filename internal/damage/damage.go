// Package damage spoils files for tests of the programs that read them.
package damage

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
)

// Places is how many damages Sweep tries.
const Places = 1000

// tries is how often a reading that allocated too much is repeated, and the least of them counts: pools that were emptied in between
// are filled once more, what a length in the file claims is allocated every time.
const tries = 5

// Sweep gives read the whole file, which must be read without an error, and then Places damaged versions of it: a changed bit, a
// byte set to 0 or 255, four bytes set to the largest number, a byte left out, and the file cut short, at places that are spread
// over the file. read returns what the reader said and itself complains where the reader gave wrong numbers. Sweep fails the
// test where a reader panics, says more than a line, or allocates more than ten times the file beyond what the whole file takes,
// and where all or none of the damages are noticed.
func Sweep(t testing.TB, whole []byte, read func(damaged []byte) error) {
	t.Helper()
	usual, err := measured(whole, read)
	if err != nil {
		t.Fatalf("the whole file: %v", err)
	}
	again, err := measured(whole, read) // what is made once, such as tables, is there now
	if err != nil {
		t.Fatalf("the whole file: %v", err)
	}
	limit := max(usual, again) + 10*uint64(len(whole)) + 64<<10
	random := rand.New(rand.NewPCG(uint64(len(whole)), 5))
	noticed := 0
	for n := range Places {
		at := (n*len(whole) + random.IntN(len(whole))) / Places // each part of the file in turn
		damaged, what := spoil(whole, at, n%6, random)
		taken, err := measured(damaged, read)
		for try := 1; try < tries && taken > limit; try++ {
			more, _ := measured(damaged, read)
			taken = min(taken, more)
		}
		switch {
		case err != nil && strings.ContainsRune(strings.TrimRight(err.Error(), "\n"), '\n'):
			t.Errorf("%s: more than one line: %q", what, err)
		case err != nil && strings.HasPrefix(err.Error(), panicked):
			t.Errorf("%s: %v", what, err)
		case taken > limit:
			t.Errorf("%s: %d bytes were allocated for a file of %d (the whole file takes %d); error %v", what, taken, len(damaged), max(usual, again), err)
		}
		if err != nil {
			noticed++
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d damages of a file of %d bytes: %d errors", Places, len(whole), noticed)
	if noticed == 0 || noticed == Places {
		t.Errorf("%d of %d damages were noticed: the test shows nothing", noticed, Places)
	}
}

const panicked = "panic while reading: "

// measured returns what a call allocated, and turns a panic into an error.
func measured(file []byte, read func([]byte) error) (bytes uint64, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	defer func() {
		if caught := recover(); caught != nil {
			err = fmt.Errorf(panicked+"%v", caught)
		}
		runtime.ReadMemStats(&after)
		bytes = after.TotalAlloc - before.TotalAlloc
	}()
	return 0, read(file)
}

// spoil returns a damaged copy and says what was done.
func spoil(whole []byte, at, kind int, random *rand.Rand) (damaged []byte, what string) {
	damaged = bytes.Clone(whole)
	switch kind {
	case 0:
		bit := random.IntN(8)
		damaged[at] ^= 1 << bit
		return damaged, fmt.Sprintf("bit %d of byte %d changed", bit, at)
	case 1:
		damaged[at] = 0
		return damaged, fmt.Sprintf("byte %d set to 0", at)
	case 2:
		damaged[at] = 255
		return damaged, fmt.Sprintf("byte %d set to 255", at)
	case 3:
		copy(damaged[at:], "\xff\xff\xff\x7f")
		return damaged, fmt.Sprintf("bytes %d to %d set to 2^31-1", at, at+3)
	case 4:
		return append(damaged[:at], damaged[at+1:]...), fmt.Sprintf("byte %d left out", at)
	}
	return damaged[:at], fmt.Sprintf("cut after byte %d", at)
}
