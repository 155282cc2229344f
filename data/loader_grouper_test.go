package data

// buckets groups rows by their number modulo 5, as a Grouper of labels does, with rare labels that wait over epochs.
type buckets struct {
	size  int
	rows  map[int64][]int64
	ready [][]int64
}

func newBuckets(size int) Grouper { return &buckets{size: size} }

func (b *buckets) Reset(carry []int64) {
	b.rows, b.ready = map[int64][]int64{}, nil
	for _, row := range carry {
		b.Add(row)
	}
}

func (b *buckets) Add(row int64) {
	label := row % 5
	if row%50 == 7 {
		label = 5 // rare
	}
	b.rows[label] = append(b.rows[label], row)
	if len(b.rows[label]) == b.size {
		b.ready = append(b.ready, b.rows[label])
		b.rows[label] = nil
	}
}

func (b *buckets) Next() []int64 {
	if len(b.ready) == 0 {
		return nil
	}
	batch := b.ready[0]
	b.ready = b.ready[1:]
	return batch
}

func (b *buckets) EndEpoch() (carry []int64) {
	for label := range int64(6) {
		carry = append(carry, b.rows[label]...)
	}
	return carry
}
