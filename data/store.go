package data

import (
	"fmt"
	"sync"
)

// store holds the rows that were read and not yet delivered: in memory up to a limit, beyond it on disk.
// It is safe for many goroutines.
type store struct {
	mu      sync.Mutex
	limit   int64
	ram     int64 // bytes in memory
	rows    map[int64]*stored
	spill   spill
	spilled int64 // bytes ever written to disk
	closed  bool
}

// stored is a waiting row, wanted by a number of batches: a row that waited since the epoch before may be wanted by two.
type stored struct {
	wanted int
	packed []byte // nil: on disk
	place
}

func newStore(limit int64, dir string) *store {
	return &store{limit: limit, rows: map[int64]*stored{}, spill: spill{dir: dir, fileBytes: spillBytes}}
}

// put adds a row for a number of batches.
func (s *store) put(p *pairRow, wanted int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.rows[p.number]; old != nil {
		old.wanted += wanted
		return nil
	}
	row := &stored{wanted: wanted}
	s.rows[p.number] = row
	return s.keep(row, pack(p))
}

// keep finds a place for a row.
func (s *store) keep(row *stored, packed []byte) (err error) {
	if s.ram+int64(len(packed)) <= s.limit {
		row.packed, row.place = packed, place{}
		s.ram += int64(len(packed))
		return nil
	}
	if s.closed {
		return errClosed
	}
	row.packed = nil
	if row.place, err = s.spill.add(packed); err != nil {
		return err
	}
	s.spilled += int64(len(packed))
	if file := s.spill.sparse(); file != nil {
		return s.move(file)
	}
	return nil
}

// move takes the rows of a file elsewhere.
func (s *store) move(file *spillFile) error {
	for _, row := range s.rows {
		if row.file != file {
			continue
		}
		old := row.place
		packed, err := old.read()
		if err != nil {
			return err
		}
		if row.place, err = s.spill.add(packed); err != nil {
			return err
		}
		s.spill.release(old)
	}
	return nil
}

// taken is a row that a batch has taken. It holds its place on disk until load or drop, one of which must be called.
type taken struct {
	store  *store
	row    int64
	packed []byte
	place
}

// take gives a row to a batch.
func (s *store) take(row int64) (taken, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.rows[row]
	if held == nil {
		return taken{}, fmt.Errorf("the grouper put row %d into a batch, which does not wait for one", row)
	}
	t := taken{store: s, row: row, packed: held.packed, place: held.place}
	if held.wanted--; held.wanted > 0 {
		if t.file != nil { // the place is the other batch's: read it now, for it may move
			var err error
			t.packed, err = t.read()
			t.place = place{}
			return t, err
		}
		return t, nil
	}
	delete(s.rows, row)
	if held.packed != nil {
		s.ram -= int64(len(held.packed))
	}
	return t, nil
}

// load returns the packed row.
func (t *taken) load() ([]byte, error) {
	if t.file == nil {
		return t.packed, nil
	}
	packed, err := t.read()
	t.drop()
	return packed, err
}

// drop gives the row's place on disk back.
func (t *taken) drop() {
	if t.file == nil {
		return
	}
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	if !t.store.closed {
		t.store.spill.release(t.place)
	}
	t.place = place{}
}

// used returns the bytes held in memory.
func (s *store) used() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ram
}

func (s *store) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.spill.close()
}
