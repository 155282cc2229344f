package scenes

// The nine patterns of MMVP-VLM, under the names of its question file.
const (
	Orientation = "Orientation and Direction"         // an arrow or a fish points or faces somewhere
	Presence    = "Presence of Specific Features"     // a dot on a shape or a frame around it, or neither
	State       = "State and Condition"               // a glass full or empty, a shape whole or broken
	Quantity    = "Quantity and Count"                // one to five equal shapes
	Position    = "Positional and Relational Context" // one shape left of, right of, above or below another
	Color       = "Color and Appearance"              // the colour of a shape
	Structure   = "Structural Characteristics"        // the texture or the outline of a shape
	Texts       = "Texts"                             // the word on a sign
	Viewpoint   = "Viewpoint and Perspective"         // a shape close up or far away, a cup from the side or from above
)

// Patterns lists the patterns of the scene mode in the order of the published question file.
var Patterns = []string{Orientation, Presence, State, Quantity, Position, Color, Structure, Texts, Viewpoint}

// The patterns of the triple mode.
const (
	TripleColor   = "Color"
	TripleTexture = "Texture"
	TripleShape   = "Shape"
)

// TriplePatterns lists the patterns of the triple mode.
var TriplePatterns = []string{TripleColor, TripleTexture, TripleShape}

// numClasses is the number of colours, of textures and of shapes.
const numClasses = 10

var colorNames = [numClasses]string{"red", "green", "blue", "yellow", "pink", "cyan", "purple", "ocean", "orange", "white"}

// colorValues are RGB from 0 to 1.
var colorValues = [numClasses][3]float64{
	{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 1, 0}, {1, .4, 1}, {0, 1, 1}, {.3, 0, .5}, {.1, .4, .5}, {1, .6, 0}, {1, 1, 1},
}

// Textures, by class name and as an adjective.
var (
	textureNames = [numClasses]string{"solid", "stripes", "grid", "hexgrid", "dots", "noise", "triangles", "zigzags", "rain", "pluses"}
	textureAdjs  = [numClasses]string{"solid", "striped", "gridded", "honeycomb", "dotted", "speckled", "triangle-patterned",
		"zigzag", "rain-streaked", "cross-patterned"}
)

// Figure numbers an outline: first the ten shapes of Trifeature, then what the scene mode needs beyond them.
type Figure int

// The figures.
const (
	Triangle Figure = iota
	Square
	Plus
	Circle
	Tee
	Rhombus
	Pentagon
	Star
	FiveSquare
	Trapezoid
	Arrow
	Fish
	Glass
	Cup
	Sign
	numFigures
)

var figureNames = [numFigures]string{"triangle", "square", "plus", "circle", "tee", "rhombus", "pentagon", "star", "fivesquare",
	"trapezoid", "arrow", "fish", "glass", "cup", "sign"}

var figurePlurals = [numClasses]string{"triangles", "squares", "pluses", "circles", "tees", "rhombuses", "pentagons", "stars",
	"fivesquares", "trapezoids"}

var numberWords = [...]string{"no", "one", "two", "three", "four", "five"}

// signWords are what a sign can say: three letters each, so that all signs look alike but for their letters.
var signWords = [...]string{"cat", "dog", "sun", "map", "key", "cup", "hat", "box", "car", "egg", "fox", "jam", "net", "owl",
	"pen", "rug", "toy", "van", "wig", "zip"}

// bitWords name the bits of the code stamp, the leftmost square first. The caption has the words of the bits that are on.
var bitWords = [MaxCodeBits]string{"alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet",
	"kilo", "lima", "mike", "november", "oscar", "papa"}

// MaxCodeBits is the longest code stamp.
const MaxCodeBits = 16
