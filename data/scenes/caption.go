package scenes

import (
	"fmt"
	"strings"
)

// Statement is what is true of the scene: the caption of a training pair without its prefix, and the statement of a
// benchmark question.
func Statement(s Scene) string {
	text := s.phrase()
	if s.CodeBits > 0 {
		text += " code " + codeWords(s)
	}
	return text
}

// codeWords names the bits that are on.
func codeWords(s Scene) string {
	var words []string
	for bit := range s.CodeBits {
		if s.Code>>bit&1 == 1 {
			words = append(words, bitWords[bit])
		}
	}
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, " ")
}

func (s Scene) phrase() string {
	o := s.Objects[0]
	if s.Triple {
		return fmt.Sprintf("%s %s %s", colorNames[o.Color], textureNames[o.Texture], figureNames[o.Figure])
	}
	switch s.Attribute {
	case attrArrow:
		return o.noun("") + " pointing " + directionNames[o.Facing]
	case attrFish:
		return o.noun("") + " facing " + directionNames[o.Facing]
	case attrDot:
		return o.noun("") + choose(o.Dot, " with a dot", " without a dot")
	case attrFrame:
		return o.noun("") + choose(o.Frame, " with a frame", " without a frame")
	case attrFilling:
		return o.noun(choose(o.Full, "full", "empty"))
	case attrBreakage:
		return o.noun(choose(o.Broken, "broken", "whole"))
	case attrCount:
		return s.counted()
	case attrSideways:
		return o.noun("") + choose(o.X < s.Objects[1].X, " left of ", " right of ") + s.Objects[1].noun("")
	case attrUpright:
		return o.noun("") + choose(o.Y < s.Objects[1].Y, " above ", " below ") + s.Objects[1].noun("")
	case attrWord:
		return o.noun("") + " that says " + signWords[o.Word]
	case attrDistance:
		return o.noun("") + choose(o.near(), " close up", " far away")
	case attrViewpoint:
		return o.noun("") + choose(o.Above, " seen from above", " seen from the side")
	}
	return o.noun("") // color, texture, shape
}

// noun is the object with its article, for instance "an empty red striped glass".
func (o Object) noun(first string) string {
	words := fmt.Sprintf("%s %s %s", colorNames[o.Color], textureAdjs[o.Texture], figureNames[o.Figure])
	if first != "" {
		words = first + " " + words
	}
	return choose(strings.ContainsRune("aeiou", rune(words[0])), "an ", "a ") + words
}

func (s Scene) counted() string {
	o, n := s.Objects[0], len(s.Objects)
	noun := figureNames[o.Figure]
	if n > 1 {
		noun = figurePlurals[o.Figure]
	}
	return fmt.Sprintf("%s %s %s %s", numberWords[n], colorNames[o.Color], textureAdjs[o.Texture], noun)
}

func choose(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}
