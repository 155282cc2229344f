package data

import (
	"maps"
	"slices"
)

// Duplicates knows the rows whose image or caption another row has too. As a negative of each other such pairs would be told to differ
// in what they have in common. nil is none. It is safe for many goroutines.
type Duplicates struct {
	rows    []int64 // ascending
	classes []Classes
}

// Classes of a row: rows of one class have one image, or one caption; 0 is an image or caption that no other row has. No image class
// has the number of a caption class.
type Classes struct{ Image, Caption int32 }

// NewDuplicates returns the Duplicates with these classes by row.
func NewDuplicates(classes map[int64]Classes) *Duplicates {
	d := &Duplicates{rows: slices.Sorted(maps.Keys(classes))}
	for _, row := range d.rows {
		d.classes = append(d.classes, classes[row])
	}
	return d
}

// Rows returns the number of rows that share their image or their caption with another.
func (d *Duplicates) Rows() int {
	if d == nil {
		return 0
	}
	return len(d.rows)
}

// Of returns the classes of a row.
func (d *Duplicates) Of(row int64) Classes {
	if d == nil {
		return Classes{}
	}
	i, found := slices.BinarySearch(d.rows, row)
	if !found {
		return Classes{}
	}
	return d.classes[i]
}

// Count returns how many rows share their image, and how many their caption.
func (d *Duplicates) Count() (images, captions int) {
	if d == nil {
		return 0, 0
	}
	for _, c := range d.classes {
		if c.Image != 0 {
			images++
		}
		if c.Caption != 0 {
			captions++
		}
	}
	return images, captions
}

// Apart keeps rows of one class out of a set of rows, such as a batch.
type Apart struct {
	duplicates *Duplicates
	held       map[int32]struct{} // classes in the set
}

// NewApart returns an Apart for an empty set.
func NewApart(d *Duplicates) Apart { return Apart{duplicates: d} }

// Join reports whether no row of the set has the row's image or caption, and takes the row into the set if so.
func (a *Apart) Join(row int64) bool {
	c := a.duplicates.Of(row)
	if a.holds(c.Image) || a.holds(c.Caption) {
		return false
	}
	a.hold(c)
	return true
}

// Force takes a row into the set whatever it shares.
func (a *Apart) Force(row int64) { a.hold(a.duplicates.Of(row)) }

func (a *Apart) holds(class int32) bool {
	_, held := a.held[class]
	return held
}

func (a *Apart) hold(c Classes) {
	for _, class := range []int32{c.Image, c.Caption} {
		if class == 0 {
			continue
		}
		if a.held == nil {
			a.held = map[int32]struct{}{}
		}
		a.held[class] = struct{}{}
	}
}

// Clear empties the set.
func (a *Apart) Clear() { clear(a.held) }
