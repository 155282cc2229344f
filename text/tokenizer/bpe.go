package tokenizer

// noMerge is the rank of a pair that is not in the vocabulary; it is greater than any id.
const noMerge = 1<<16 - 1

// pairTable finds the id that a pair of ids merges into; a smaller id is a merge of higher priority.
// It is a hash table with linear probing: 2^17 slots for 48,894 pairs, pair and id in 8 bytes.
type pairTable struct {
	slots []uint64
}

const (
	tableBits = 17
	idBits    = 16
)

func newPairTable() pairTable {
	t := pairTable{slots: make([]uint64, 1<<tableBits)}
	for k := range numMerges {
		left, right := mergePair(k)
		key := pairKey(left, right)
		i := slotOf(key)
		for t.slots[i] != 0 {
			i = (i + 1) & (1<<tableBits - 1)
		}
		t.slots[i] = uint64(key)<<idBits | uint64(firstMerged+k)
	}
	return t
}

func pairKey(left, right uint16) uint32 {
	return uint32(left)<<idBits | uint32(right)
}

// slotOf is Fibonacci hashing.
func slotOf(key uint32) uint32 {
	return key * 0x9e3779b1 >> (32 - tableBits)
}

// find returns the id that left and right merge into, or noMerge.
func (t *pairTable) find(left, right uint16) uint16 {
	key := pairKey(left, right)
	for i := slotOf(key); ; i = (i + 1) & (1<<tableBits - 1) {
		slot := t.slots[i]
		if uint32(slot>>idBits) == key && slot != 0 {
			return uint16(slot)
		}
		if slot == 0 {
			return noMerge
		}
	}
}

// word is the scratch space for one word: parts[i] is an id, merged[i] what it and the next one merge into.
type word struct {
	parts, merged []uint16
}

func (w *word) reset(n int) {
	if cap(w.parts) < n {
		w.parts, w.merged = make([]uint16, 2*n), make([]uint16, 2*n)
	}
	w.parts, w.merged = w.parts[:n], w.merged[:n]
}

// appendWord appends the ids of one word to dst: from single bytes on, the pair that was learnt first is merged wherever
// it occurs, from left to right, until no pair can be.
func (t *Tokenizer) appendWord(dst []int32, w *word, text []byte) []int32 {
	n := len(text)
	w.reset(n)
	for i, b := range text {
		w.parts[i] = t.byteID[b]
	}
	w.parts[n-1] += numBytes
	for i := range n - 1 {
		w.merged[i] = t.pairs.find(w.parts[i], w.parts[i+1])
	}
	for n > 1 {
		at, best := 0, uint16(noMerge)
		for i, id := range w.merged[:n-1] {
			if id < best {
				at, best = i, id
			}
		}
		if best == noMerge {
			break
		}
		n = t.merge(w, at, n, best)
	}
	for _, id := range w.parts[:n] {
		dst = append(dst, int32(id))
	}
	return dst
}

// merge replaces the pairs that make id among the first n parts, the first of which is at from, and returns how many
// parts are left.
func (t *Tokenizer) merge(w *word, from, n int, id uint16) int {
	parts, merged := w.parts, w.merged
	k, fresh := from, false // parts before k are done; fresh: the last of them is new
	for i := from; i < n; k++ {
		now := i+1 < n && merged[i] == id
		if now {
			parts[k] = id
			i += 2
		} else {
			parts[k], merged[k] = parts[i], merged[i]
			i++
		}
		if k > 0 && (now || fresh) {
			merged[k-1] = t.pairs.find(parts[k-1], parts[k])
		}
		fresh = now
	}
	return k
}
