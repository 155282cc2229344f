package data

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// repetitive returns pairs of few images and captions; some cannot be used.
func repetitive(t *testing.T, n int) (*Source, []hfRow) {
	t.Helper()
	r := rand.New(rand.NewPCG(5, 6))
	var rows []hfRow
	for range n {
		caption := fmt.Sprint("caption ", r.IntN(n))
		if r.IntN(2) == 0 {
			caption = "  " + strings.ToUpper(caption)
		}
		row := hfRow{Caption: ptr(caption), Image: &hfImage{Bytes: []byte(fmt.Sprint("image ", r.IntN(2*n)))}}
		if r.IntN(10) == 0 {
			row.Caption = ptr("")
		}
		rows = append(rows, row)
	}
	s, err := Open([]string{writeRows(t, filepath.Join(t.TempDir(), "a"), rows, 50)}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s, rows
}

// checkDuplicates compares with all pairs of rows.
func checkDuplicates(t *testing.T, x *Index, rows []hfRow) {
	t.Helper()
	d, sharing := x.Duplicates(), 0
	same := func(a, b hfRow) (image, caption bool) {
		clean := func(text string) string { return strings.Join(strings.Fields(strings.ToLower(text)), " ") }
		return string(a.Image.Bytes) == string(b.Image.Bytes), clean(*a.Caption) == clean(*b.Caption)
	}
	for i := range rows {
		shares := false
		for j := range rows {
			if i == j || !x.Good(int64(i)) || !x.Good(int64(j)) {
				continue
			}
			image, caption := same(rows[i], rows[j])
			shares = shares || image || caption
			a, b := d.Of(int64(i)), d.Of(int64(j))
			if got := a.Image == b.Image && a.Image != 0; got != image {
				t.Fatalf("rows %d and %d: one image is %v, found %v", i, j, image, got)
			}
			if got := a.Caption == b.Caption && a.Caption != 0; got != caption {
				t.Fatalf("rows %d and %d: one caption is %v, found %v", i, j, caption, got)
			}
		}
		if shares {
			sharing++
		} else if d.Of(int64(i)) != (Classes{}) {
			t.Fatalf("row %d shares nothing and has %v", i, d.Of(int64(i)))
		}
	}
	if sharing == 0 || d.Rows() != sharing {
		t.Errorf("%d rows, want %d", d.Rows(), sharing)
	}
}

func TestScanFindsDuplicates(t *testing.T) {
	s, rows := repetitive(t, 400)
	x, err := Scan(context.Background(), s, nil, nil, ScanConfig{})
	if err != nil {
		t.Fatal(err)
	}
	checkDuplicates(t, x, rows)
	dir := filepath.Join(t.TempDir(), "index")
	if err := x.Save(dir); err != nil {
		t.Fatal(err)
	}
	y, err := LoadIndex(dir, s)
	if err != nil {
		t.Fatal(err)
	}
	checkDuplicates(t, y, rows)
	images, captions := y.Duplicates().Count()
	if wantImages, wantCaptions := x.Duplicates().Count(); images != wantImages || captions != wantCaptions || images == 0 || captions == 0 {
		t.Errorf("%d and %d loaded, %d and %d saved", images, captions, wantImages, wantCaptions)
	}
}

func TestDamagedDuplicatesFileIsRefused(t *testing.T) {
	s, _ := repetitive(t, 100)
	x, err := Scan(context.Background(), s, nil, nil, ScanConfig{})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "index")
	if err := x.Save(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, duplicatesFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := range whole {
		damaged := slices.Clone(whole)
		damaged[at] ^= 1
		if err := os.WriteFile(path, damaged, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadIndex(dir, s); err == nil || !strings.Contains(err.Error(), duplicatesFile) {
			t.Fatalf("byte %d changed: %v", at, err)
		}
	}
	for _, text := range []string{"", "row,image_class,caption_class\n2,1,\n2,,1\n", "row,image_class,caption_class\n100,1,\n", "row,image_class,caption_class\n1,0,\n"} {
		if _, err := readDuplicates(strings.NewReader(text), 100); err == nil {
			t.Errorf("%q is read", text)
		}
	}
}

// meetings counts the pairs of rows in a batch that share a class.
func meetings(batch []int64, d *Duplicates) (n int) {
	for i, a := range batch {
		for _, b := range batch[:i] {
			x, y := d.Of(a), d.Of(b)
			if x.Image != 0 && x.Image == y.Image || x.Caption != 0 && x.Caption == y.Caption {
				n++
			}
		}
	}
	return n
}

func TestDuplicatesAreKeptOutOfABatch(t *testing.T) {
	classes := map[int64]Classes{}
	for row := int64(0); row < 1000; row += 2 {
		classes[row] = Classes{Image: 1 + int32(row)%300, Caption: 1000 + int32(row)%170}
	}
	d := NewDuplicates(classes)
	count := func(known *Duplicates) (met, batches int) {
		g := NewPlain(20, known)
		var carry []int64
		for epoch := range uint64(3) {
			g.Reset(carry)
			for _, row := range rand.New(rand.NewPCG(1, epoch)).Perm(1000) {
				g.Add(int64(row))
				for batch := g.Next(); batch != nil; batch = g.Next() {
					met += meetings(batch, d)
					batches++
				}
			}
			carry = g.EndEpoch()
		}
		return met, batches
	}
	met, batches := count(d)
	if met != 0 || batches < 145 {
		t.Errorf("they meet %d times in %d batches", met, batches)
	}
	if met, _ := count(nil); met < 100 {
		t.Errorf("unknown they meet %d times: this test shows nothing", met)
	}
}

// With few rows and much in common batches go on, and each row is used once an epoch or waits.
func TestSharedRowsAreUsedOnceAnEpochOrWait(t *testing.T) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 7))
		batch := 2 + r.IntN(12)
		n, values := batch+r.IntN(4*batch), 1+r.IntN(8)
		classes := map[int64]Classes{}
		for row := range int64(n) {
			classes[row] = Classes{Image: int32(r.IntN(values)), Caption: int32(1000+r.IntN(values)) * int32(r.IntN(2))}
		}
		if err := useEpochs(NewPlain(batch, NewDuplicates(classes)), r, n, batch); err != nil {
			t.Fatalf("seed %d: %d rows, batches of %d: %v", seed, n, batch, err)
		}
	}
}

// useEpochs goes through twelve epochs as a loader does.
func useEpochs(g Grouper, r *rand.Rand, rows, batch int) error {
	used, carry := make([]int, rows), []int64(nil)
	for epoch := range 12 {
		batches := 0
		take := func() {
			for rows := g.Next(); rows != nil; rows = g.Next() {
				batches++
				for _, row := range rows {
					used[row]++
				}
			}
		}
		g.Reset(carry)
		take()
		for _, row := range r.Perm(rows) {
			g.Add(int64(row))
			take()
		}
		carry = g.EndEpoch()
		take()
		given := slices.Clone(used)
		for _, row := range carry {
			given[row]++
		}
		for row, n := range given {
			if n != epoch+1 {
				return fmt.Errorf("epoch %d: row %d was used or waits %d times", epoch, row, n)
			}
		}
		if batches == 0 || len(carry) > 4*batch {
			return fmt.Errorf("epoch %d: %d batches, %d rows wait", epoch, batches, len(carry))
		}
	}
	return nil
}
