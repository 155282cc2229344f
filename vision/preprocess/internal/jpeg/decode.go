package jpeg

import (
	"errors"
	"fmt"
	"sync"
)

var (
	// ErrTruncated says that the data ends before the image does.
	ErrTruncated = errors.New("the data ends within the image")
	// ErrUnsupported is wrapped by errors about processes of T.81 that are not decoded here.
	ErrUnsupported = errors.New("not supported")
)

const (
	mostScans   = 500 // a file with more only wastes time; real progressive ones have about ten
	longestSide = 65500
	mostBlocks  = 10 // of an MCU
)

// A block holds 64 coefficients or factors, row by row from the lowest frequency on.
type block [64]int16

// decoder holds what the segments of a file have said so far, and the state of its scans.
type decoder struct {
	source
	quant  [4]*[64]uint16
	dc, ac [4]*huffmanSpec
	frame  frame

	jfif      bool
	adobe     bool
	transform byte // of Adobe's segment

	restartInterval int
	scans           int
	scan            scan
}

// Decode decodes an image that must be width x height. row gives the memory of row y, 4 * width bytes, to which red,
// green, blue and a byte without meaning are written for each pixel; of CMYK it writes what Pillow makes RGB. Errors are
// the data's fault: ErrTruncated, one that wraps ErrUnsupported, or another that tells the damage. Memory is bounded by
// the size: about 3 bytes a pixel and component, and 6 bytes more where an image has several scans.
func Decode(data []byte, width, height int, row func(y int) []byte) error {
	d := &decoder{source: source{data: data, at: 2}}
	if len(data) < 2 || data[0] != 0xFF || data[1] != markerSOI {
		return errors.New("no start of image")
	}
	switch more, err := d.nextScan(); {
	case err != nil:
		return err
	case !more && d.ended:
		return ErrTruncated
	case !more:
		return errors.New("no scan")
	case d.frame.width != width || d.frame.height != height:
		return errors.New("two headers of different size")
	}
	defer d.frame.recycle()
	if err := d.readScans(); err != nil {
		return err
	}
	d.writeRows(row)
	return nil
}

// readScans decodes until all samples are known: directly from a single scan, from stored coefficients otherwise.
func (d *decoder) readScans() error {
	f := &d.frame
	if !f.progressive && len(d.scan.components) == len(f.components) {
		f.allocate(false)
		d.readScan()
		if d.ended {
			return ErrTruncated
		}
		return nil
	}
	f.allocate(true)
	for more := true; more; {
		if d.scans > mostScans {
			return fmt.Errorf("more than %d scans", mostScans)
		}
		if d.readScan(); d.scan.overflow {
			return errors.New("a coefficient overflows")
		}
		var err error
		if more, err = d.nextScan(); err != nil {
			return err
		}
	}
	if d.ended {
		return ErrTruncated
	}
	d.transformStored()
	return nil
}

// transformStored makes samples of the stored coefficients.
func (d *decoder) transformStored() {
	smooth := d.smoothable()
	for i := range d.frame.components {
		c := &d.frame.components[i]
		if c.quant == nil {
			c.quant = new([64]uint16) // no scan has the component: grey
		}
		for y := range c.blocksHigh {
			if smooth {
				d.smoothRow(c, y)
				continue
			}
			stored := c.stored[y*c.storedWide:]
			for x := range c.blocksWide {
				c.transform(x, y, &stored[x])
			}
		}
	}
}

var samplePool, blockPool sync.Pool // of *[]uint8 and *[]block

// allocate makes room for samples, and for coefficients where stored says so.
func (f *frame) allocate(stored bool) {
	for i := range f.components {
		c := &f.components[i]
		c.samples = pooled[uint8](&samplePool, 64*c.blocksWide*c.blocksHigh)
		if stored {
			c.stored = pooled[block](&blockPool, c.storedWide*c.storedHigh)
			clear(c.stored)
		}
	}
}

func (f *frame) recycle() {
	for i := range f.components {
		c := &f.components[i]
		if c.samples != nil {
			samplePool.Put(&c.samples)
		}
		if c.stored != nil {
			blockPool.Put(&c.stored)
		}
	}
}

func pooled[T any](pool *sync.Pool, n int) []T {
	if old, ok := pool.Get().(*[]T); ok && cap(*old) >= n {
		return (*old)[:n]
	}
	return make([]T, n)
}
