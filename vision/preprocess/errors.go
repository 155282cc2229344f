package preprocess

import (
	"errors"
	"fmt"
)

// The reasons for which an image is refused; Reason returns one of them.
const (
	Empty       = "empty"
	NotImage    = "not an image"
	Damaged     = "damaged"
	TooLarge    = "too large"
	Unsupported = "unsupported"
)

// imageError is a fault of the image, not of the caller.
type imageError struct {
	reason string
	detail string
}

func (e *imageError) Error() string {
	what := "image is "
	if e.reason == NotImage {
		what = "the bytes are "
	}
	if e.detail == "" {
		return what + e.reason
	}
	return fmt.Sprintf("%s%s: %s", what, e.reason, e.detail)
}

func refuse(reason, format string, args ...any) error {
	return &imageError{reason, fmt.Sprintf(format, args...)}
}

// Reason returns why an image was refused, as one of the constants Empty, NotImage, Damaged, TooLarge and Unsupported,
// which are stable keys for counting. It is "" for nil and for errors that are not the image's fault.
func Reason(err error) string {
	var e *imageError
	if errors.As(err, &e) {
		return e.reason
	}
	return ""
}
