package data

import (
	"encoding/binary"
	"fmt"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// decompress returns the content of a page, size bytes, in memory, which grows if need be; without compression it is body itself.
func (p *pageReader) decompress(memory *[]byte, body []byte, size int) ([]byte, error) {
	codec := p.meta.Codec
	if codec == format.Uncompressed {
		return body, nil
	}
	content := room(*memory, size)
	var err error
	switch codec {
	case format.Snappy:
		if n, used := binary.Uvarint(body); used <= 0 || n != uint64(size) {
			return nil, fmt.Errorf("a page is not the %d bytes that its header says: it is damaged", size)
		}
		content, err = parquet.LookupCompressionCodec(codec).Decode(content, body)
	case format.Lz4Raw:
		var n int
		n, err = lz4.UncompressBlock(body, content) // parquet-go's codec never ends on damaged data
		content = content[:max(n, 0)]
	case format.Gzip, format.Brotli, format.Zstd:
		content, err = parquet.LookupCompressionCodec(codec).Decode(room(content, max(size, 1)), body)
	default:
		return nil, fmt.Errorf("compression %s is not supported: write the shard with zstd or snappy", codec)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", codec, unexpected(err))
	}
	if len(content) != size {
		return nil, fmt.Errorf("a page holds %d bytes, its header says %d: it is damaged", len(content), size)
	}
	*memory = content
	return content, nil
}
