package scenes

// The rules of Trifeature (Hermann and Lampinen 2020, arXiv 2006.12433) by themselves, for what draws that data set at its own
// size.

// TrifeatureSide is the side in pixels of the square that a shape's rule fills.
const TrifeatureSide = maskSide

// TrifeatureShapes and TrifeatureTextures and TrifeatureColors name the ten classes of each feature in order.
var (
	TrifeatureShapes   = figureNames[:numClasses]
	TrifeatureTextures = textureNames[:]
	TrifeatureColors   = colorNames[:]
)

// TrifeatureShape says whether row i, column j of the square is inside shape 0..9.
func TrifeatureShape(shape, i, j int) bool { return shapeMasks[shape][i*maskSide+j] }

// TrifeatureTexture says whether texture 0..9 covers the pixel in column x, row y; grain seeds those that are random.
func TrifeatureTexture(texture, x, y int, grain uint64) bool {
	return weave{texture: texture, grain: grain, pixel: 1}.on(float64(x), float64(y))
}

// TrifeatureColor is red, green and blue of colour 0..9, from 0 to 1.
func TrifeatureColor(color int) [3]float64 { return colorValues[color] }
