package report

import (
	"bytes"
	"encoding/base64"
	"html/template"
	"image"
	_ "image/gif" // formats of data sets
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // formats of data sets
)

const (
	pictureSide   = 192     // longest side of a picture on the page, in pixels
	picturePixels = 1 << 26 // larger images are not decoded
)

// picture returns an encoded image as a data URI of bounded size, "" where it cannot be shown.
func picture(encoded []byte) template.URL {
	config, _, err := image.DecodeConfig(bytes.NewReader(encoded))
	if err != nil || config.Width*config.Height > picturePixels {
		return ""
	}
	full, _, err := image.Decode(bytes.NewReader(encoded))
	if err != nil {
		return ""
	}
	var out bytes.Buffer
	kind := "image/jpeg"
	small := shrink(full)
	if small == full {
		kind = "image/png" // drawn scenes and icons: without loss
		err = png.Encode(&out, small)
	} else {
		err = jpeg.Encode(&out, small, &jpeg.Options{Quality: 80})
	}
	if err != nil {
		return ""
	}
	return template.URL("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(out.Bytes()))
}

// shrink returns an image with sides of at most pictureSide, the same one where it is small enough. What is transparent
// becomes white.
func shrink(full image.Image) image.Image {
	w, h := full.Bounds().Dx(), full.Bounds().Dy()
	longest := max(w, h)
	if longest <= pictureSide {
		return full
	}
	small := image.NewRGBA(image.Rect(0, 0, max(1, w*pictureSide/longest), max(1, h*pictureSide/longest)))
	draw.Draw(small, small.Bounds(), image.White, image.Point{}, draw.Src)
	draw.CatmullRom.Scale(small, small.Bounds(), full, full.Bounds(), draw.Over, nil)
	return small
}
