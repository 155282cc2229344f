package scenes

// Object is a figure with texture, colour and place. Lengths are in sides of the image, y runs downwards.
type Object struct {
	Figure  Figure
	Color   int // index among the colours
	Texture int // index among the textures

	X, Y       float64 // centre
	Size       float64 // side of the figure's square
	Angle      float64 // of the figure, degrees
	Weave      float64 // angle of the texture, independent of the figure's
	OffX, OffY float64 // of the texture, units of a tenth of its period
	Grain      uint64  // seeds the textures noise and rain

	Facing Direction // of an arrow or a fish
	Dot    bool      // a black dot on it
	Frame  bool      // a black frame around it
	Broken bool      // a crack through it
	Full   bool      // a glass with something in it
	Above  bool      // a cup seen from above
	Word   int       // on a sign, index among the words
}

// Direction is where an arrow points or a fish looks.
type Direction int

// The directions, clockwise from right, as the angle is counted.
const (
	Right Direction = iota
	Down
	Left
	Up
)

var directionNames = [...]string{"right", "down", "left", "up"}

// Scene is all that a picture shows and a caption tells.
type Scene struct {
	Attribute  string // what the caption speaks of, for instance "count"; see Attributes
	Triple     bool   // the caption is three words
	Objects    []Object
	Background float64 // grey, 0 to 1
	Brightness float64 // factor on the colours of the objects
	Code       uint32  // bits of the code stamp, the leftmost square is bit 0
	CodeBits   int
}

// clone returns a copy that shares nothing with s.
func (s Scene) clone() Scene {
	s.Objects = append([]Object(nil), s.Objects...)
	return s
}

// codeHeight is the side of a square of the code stamp in pixels of an image of the given side.
func codeHeight(size int) int { return max(2, size/MaxCodeBits) }

// top is where the room for objects begins, below the code stamp.
func (s Scene) top(size int) float64 {
	if s.CodeBits == 0 {
		return 0
	}
	return float64(codeHeight(size)) / float64(size)
}

// digits is the code in the order of its squares, 1 for a bit that is on.
func (s Scene) digits() string {
	digits := make([]byte, s.CodeBits)
	for bit := range digits {
		digits[bit] = '0' + byte(s.Code>>bit&1)
	}
	return string(digits)
}
