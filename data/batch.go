package data

import (
	"errors"
	"fmt"
)

// Cursor is a position in the endless sequence of batches: the next batch to deliver. With the same data, seed, window and Grouper it
// is all that is needed to go on from there.
type Cursor struct {
	Epoch int     `json:"epoch"` // from 0
	Batch int64   `json:"batch"` // within the epoch
	Carry []int64 `json:"carry"` // rows that were waiting at the start of the epoch; must not be changed
}

// Transform makes a pair ready for the model. Its functions are called from many goroutines.
type Transform struct {
	// Image writes an image of ImageBytes bytes. seed differs by run seed, epoch and row, and again where a row comes twice in an
	// epoch. Without Image no images are read.
	Image      func(dst []uint8, encoded []byte, seed uint64) error
	ImageBytes int
	// Text writes Context tokens and returns how many of them are in use, the end token included. It may be nil.
	Text    func(dst []int32, caption string) (length int)
	Context int
}

// Batch is a process's part of a batch.
type Batch struct {
	Rows   []int64 // [B] of this process
	Global []int64 // [World*B] of all processes; Rows is Global[Rank*B : (Rank+1)*B]
	Images []uint8 // [B, 3, S, S]
	Tokens []int32 // [B, L]
	Choice []int32 // [B] which caption of each row, counting those that are not blank
	Length int     // tokens in use in the longest row of Tokens, the end token included
	After  Cursor  // position after this batch; Loader only

	Keys     []string   // [B]; Sequential only
	Captions [][]string // [B] all captions that are not blank; Sequential only
}

// newBatch returns a batch with room for n rows, if possible in the memory of old.
func newBatch(tf *Transform, n int, old Batch) Batch {
	var b Batch
	images, tokens := 0, 0
	if tf.Image != nil {
		images = n * tf.ImageBytes
	}
	if tf.Text != nil {
		tokens = n * tf.Context
	}
	b.Images, b.Tokens, b.Choice = old.Images, old.Tokens, make([]int32, n)
	if cap(b.Images) < images {
		b.Images = make([]uint8, images)
	}
	if cap(b.Tokens) < tokens {
		b.Tokens = make([]int32, tokens)
	}
	b.Images, b.Tokens = b.Images[:images], b.Tokens[:tokens]
	return b
}

// decode fills row i of the batch from a packed pair and returns the length of its tokens.
func (tf *Transform) decode(b *Batch, i int, packed []byte, seed uint64, draw bool) (length int, err error) {
	defer contain(&err)
	pair, err := unpack(packed)
	if err != nil {
		return 0, err
	}
	if b.Keys != nil {
		b.Keys[i], b.Captions[i] = pair.key, pair.captions
	}
	if len(pair.captions) == 0 {
		return 0, errors.New("no caption")
	}
	if draw {
		b.Choice[i] = int32(below(mix(seed, forCaption), len(pair.captions)))
	}
	if tf.Text != nil {
		tokens := b.Tokens[i*tf.Context : (i+1)*tf.Context]
		length = tf.Text(tokens, pair.captions[b.Choice[i]])
	}
	if tf.Image == nil {
		return length, nil
	}
	return length, tf.Image(b.Images[i*tf.ImageBytes:(i+1)*tf.ImageBytes], pair.image, mix(seed, forImage))
}

// stillGood makes sure that a row which the index has as usable is so.
func stillGood(p *pairRow, images bool) error {
	if !images {
		p.image = nil
	}
	reason := unusable(p)
	if reason == "" || !images && len(p.captions) > 0 {
		return nil
	}
	return fmt.Errorf("%s, but the index has it as usable: the index is of other data, or the file changed", reason)
}
