package s3

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"strings"

	"github.com/hydrant-stream/hydrant"
)

// An algorithm is a checksum's name as S3 writes it in a value: "CRC32". Its header is
// x-amz-checksum-crc32, its XML element ChecksumCRC32.
type algorithm string

const (
	crc32IEEE algorithm = "CRC32"
	crc32C    algorithm = "CRC32C"
	crc64NVME algorithm = "CRC64NVME"
	sha1Sum   algorithm = "SHA1"
	sha256Sum algorithm = "SHA256"
)

const (
	fullObject = "FULL_OBJECT" // the checksum of the object's bytes
	composite  = "COMPOSITE"   // the checksum of its parts' checksums
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	nvme       = crc64.MakeTable(0x9a6c9329ac4bc9b5) // 0xad93d23594c93659, bits reversed
)

func (a algorithm) header() string { return "x-amz-checksum-" + strings.ToLower(string(a)) }

func (a algorithm) hash() hash.Hash {
	switch a {
	case crc32IEEE:
		return crc32.NewIEEE()
	case crc32C:
		return crc32.New(castagnoli)
	case crc64NVME:
		return crc64.New(nvme)
	case sha1Sum:
		return sha1.New()
	case sha256Sum:
		return sha256.New()
	}
	return nil
}

// defaultType is how an upload of this algorithm sums up its parts unless told otherwise.
func (a algorithm) defaultType() string {
	if a == crc64NVME {
		return fullObject
	}
	return composite
}

// algorithmNamed reads the value of x-amz-checksum-algorithm. "" is none.
func algorithmNamed(s string) (algorithm, error) {
	a := algorithm(strings.ToUpper(s))
	if s == "" || a.hash() != nil {
		return a, nil
	}
	return "", invalidRequest("Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
}

// typeOf tells how a checksum was made: a composite one ends in "-" and the number of parts.
func typeOf(value string) string {
	switch {
	case value == "":
		return ""
	case strings.Contains(value, "-"):
		return composite
	}
	return fullObject
}

// ChecksumHeaders are the checksums of a request or reply, of which at most one is given.
type ChecksumHeaders struct {
	HeaderCRC32     string `in:"header=x-amz-checksum-crc32"`
	HeaderCRC32C    string `in:"header=x-amz-checksum-crc32c"`
	HeaderCRC64NVME string `in:"header=x-amz-checksum-crc64nvme"`
	HeaderSHA1      string `in:"header=x-amz-checksum-sha1"`
	HeaderSHA256    string `in:"header=x-amz-checksum-sha256"`
}

func (h *ChecksumHeaders) fields() map[algorithm]*string {
	return map[algorithm]*string{crc32IEEE: &h.HeaderCRC32, crc32C: &h.HeaderCRC32C, crc64NVME: &h.HeaderCRC64NVME,
		sha1Sum: &h.HeaderSHA1, sha256Sum: &h.HeaderSHA256}
}

// given is the one checksum a request carries, or "".
func (h *ChecksumHeaders) given() (algorithm, string, error) {
	var a algorithm
	var value string
	for alg, v := range h.fields() {
		if *v == "" {
			continue
		}
		if a != "" {
			return "", "", invalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
		}
		a, value = alg, *v
	}
	return a, value, nil
}

// ChecksumElements are the same in XML.
type ChecksumElements struct {
	ChecksumCRC32     string `xml:"ChecksumCRC32"`
	ChecksumCRC32C    string `xml:"ChecksumCRC32C"`
	ChecksumCRC64NVME string `xml:"ChecksumCRC64NVME"`
	ChecksumSHA1      string `xml:"ChecksumSHA1"`
	ChecksumSHA256    string `xml:"ChecksumSHA256"`
}

func (e *ChecksumElements) field(a algorithm) *string {
	switch a {
	case crc32IEEE:
		return &e.ChecksumCRC32
	case crc32C:
		return &e.ChecksumCRC32C
	case crc64NVME:
		return &e.ChecksumCRC64NVME
	case sha1Sum:
		return &e.ChecksumSHA1
	case sha256Sum:
		return &e.ChecksumSHA256
	}
	return new(string)
}

// stored is the checksum kept with an object, or "".
func stored(sums map[string]string) (algorithm, string) {
	for a, v := range sums {
		return algorithm(a), v
	}
	return "", ""
}

// decodeSum reads a checksum's base64.
func (a algorithm) decodeSum(value string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(value)
	if err != nil || len(b) != a.hash().Size() {
		return nil, invalidRequest("Value for " + a.header() + " header is invalid.")
	}
	return b, nil
}

func (a algorithm) badDigest() *hydrant.Fault {
	return fault(400, "BadDigest", "The "+string(a)+" you specified did not match the calculated checksum.")
}
