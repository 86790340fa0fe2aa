package lambda

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
)

// archive keeps the functions' zips by their hash:
//
//	zip/<sha256 hex>.zip   as it came; on disk when put returns
//	task/<sha256 hex>/     unpacked; made when first needed, thrown away at every start
//	opt/<hash of hashes>/  layers unpacked over each other; likewise
//
// The unpacked files need no fsync: a power cut costs them nothing but another unpacking.
type archive struct {
	dir   string
	limit int64      // bytes of all files of a zip
	mu    sync.Mutex // one unpacking at a time
}

func openArchive(dir string) (*archive, error) {
	for _, sub := range []string{"task", "opt"} {
		if err := os.RemoveAll(filepath.Join(dir, sub)); err != nil {
			return nil, err
		}
	}
	for _, sub := range []string{"zip", "task", "opt"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	return &archive{dir: dir, limit: maxUnzippedBytes}, nil
}

// put keeps a zip after having unpacked it, and returns its hash as AWS writes it.
func (a *archive) put(body []byte) (sha string, err error) {
	sum := sha256.Sum256(body)
	sha = base64.StdEncoding.EncodeToString(sum[:])
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.unpack(sha, body); err != nil {
		return "", err
	}
	path := a.zip(sha)
	if _, err := os.Stat(path); err == nil {
		return sha, nil
	}
	return sha, writeDurably(path, body)
}

// root is the folder of a zip's files.
func (a *archive) root(sha string) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	dir := a.task(sha)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	body, err := os.ReadFile(a.zip(sha))
	if err != nil {
		return "", err
	}
	return dir, a.unpack(sha, body)
}

func (a *archive) open(sha string) (*os.File, error) { return os.Open(a.zip(sha)) }

// remove forgets a zip. Where an instance still runs from its files they stay until the next start.
func (a *archive) remove(sha string, inUse func(root string) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	os.Remove(a.zip(sha))
	if dir := a.task(sha); !inUse(dir) {
		os.RemoveAll(dir)
	}
}

func (a *archive) zip(sha string) string  { return filepath.Join(a.dir, "zip", hexOf(sha)+".zip") }
func (a *archive) task(sha string) string { return filepath.Join(a.dir, "task", hexOf(sha)) }

func hexOf(sha string) string {
	b, _ := base64.StdEncoding.DecodeString(sha) // made by put
	return hex.EncodeToString(b)
}

var (
	errBadZip       = errors.New("bad zip")
	errUnzippedSize = errors.New("unzipped size")
)

// unpack makes the folder of a zip, whole or not at all.
func (a *archive) unpack(sha string, body []byte) error {
	dir := a.task(sha)
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	tmp, err := os.MkdirTemp(filepath.Join(a.dir, "task"), "new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp) // nothing there once renamed
	err = unzip(tmp, body, a.limit)
	switch {
	case errors.Is(err, errBadZip):
		return invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
	case errors.Is(err, errUnzippedSize):
		return invalid("Unzipped size must be smaller than %d bytes", a.limit)
	case err != nil:
		return err
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	return os.Rename(tmp, dir)
}

// unzip writes the files of a zip below dir. Nothing gets out of it: names are checked, and os.Root
// does not follow a link that leads elsewhere.
func unzip(dir string, body []byte, limit int64) error {
	r, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return fmt.Errorf("%w: %w", errBadZip, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	left := limit
	for _, f := range r.File {
		name := strings.TrimSuffix(strings.ReplaceAll(f.Name, `\`, "/"), "/")
		if name == "" || name == "." {
			continue
		}
		if !filepath.IsLocal(name) {
			return fmt.Errorf("%w: name %q", errBadZip, f.Name)
		}
		switch mode := f.Mode(); {
		case mode.IsDir():
			err = root.MkdirAll(name, 0o755)
		case mode&fs.ModeSymlink != 0:
			err = unzipLink(root, f, name)
		case mode.IsRegular():
			var n int64
			n, err = unzipFile(root, f, name, left)
			left -= n
		default:
			err = fmt.Errorf("%w: %q is no file", errBadZip, f.Name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func unzipFile(root *os.Root, f *zip.File, name string, left int64) (int64, error) {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return 0, fmt.Errorf("%w: %w", errBadZip, err)
	}
	in, err := f.Open()
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errBadZip, err)
	}
	defer in.Close()
	var magic [4]byte
	n, err := io.ReadFull(in, magic[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, fmt.Errorf("%w: %w", errBadZip, err)
	}
	// A zip made where files have no executable bit must still run.
	mode := f.Mode().Perm()&0o111 | 0o644
	if name == "bootstrap" || string(magic[:n]) == "\x7fELF" {
		mode = 0o755
	}
	out, err := root.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errBadZip, err)
	}
	defer out.Close()
	if _, err := out.Write(magic[:n]); err != nil {
		return 0, err
	}
	// The size a zip declares may lie: what counts is what comes out.
	rest, err := io.Copy(out, io.LimitReader(in, left-int64(n)+1))
	size := int64(n) + rest
	if size > left {
		return 0, errUnzippedSize
	}
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errBadZip, err)
	}
	return size, out.Close()
}

func unzipLink(root *os.Root, f *zip.File, name string) error {
	in, err := f.Open()
	if err != nil {
		return fmt.Errorf("%w: %w", errBadZip, err)
	}
	defer in.Close()
	target, err := io.ReadAll(io.LimitReader(in, 4096))
	if err != nil {
		return fmt.Errorf("%w: %w", errBadZip, err)
	}
	to := string(target)
	if path.IsAbs(to) || !filepath.IsLocal(path.Join(path.Dir(name), to)) {
		return fmt.Errorf("%w: link %q leads out", errBadZip, f.Name)
	}
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return fmt.Errorf("%w: %w", errBadZip, err)
	}
	root.Remove(name) // of a layer below
	if err := root.Symlink(to, name); err != nil {
		return fmt.Errorf("%w: %w", errBadZip, err)
	}
	return nil
}

// writeDurably makes a file that survives power loss when it returns: whole, or not at all.
func writeDurably(path string, body []byte) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".new-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing there once renamed
	_, err = f.Write(body)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
