package main

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// serveFloor answers PutRecords with the least that a durable answer takes.
func serveFloor(addr, dir string) error {
	f, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return err
	}
	log := &floorLog{file: f}
	log.wake.L = &log.mu
	go log.run()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	buffers := sync.Pool{New: func() any { return new(floorBuffers) }}
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := buffers.Get().(*floorBuffers)
		defer buffers.Put(b)
		b.body.Reset()
		b.body.Grow(int(r.ContentLength) + 512)
		if _, err := b.body.ReadFrom(r.Body); err != nil {
			return
		}
		body := b.body.Bytes()
		var n int
		if b.frame, n, err = scan(b.frame[:0], body); err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		if err := log.append(b.frame); err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		reply := floorReply(n)
		w.Header().Set("Content-Length", fmt.Sprint(len(reply)))
		_, _ = io.WriteString(w, reply)
	}))
}

type floorBuffers struct {
	body  bytes.Buffer
	frame []byte
}

// scan takes the records out of a body: CRC32C (4), hash key (16), data.
func scan(dst, body []byte) (_ []byte, n int, err error) {
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	value := func(name string) ([]byte, bool) {
		i := bytes.Index(body, []byte(name))
		if i < 0 {
			return nil, false
		}
		body = body[i+len(name):]
		end := bytes.IndexByte(body, '"')
		if end < 0 {
			return nil, false
		}
		v := body[:end]
		body = body[end:]
		return v, true
	}
	for {
		data, ok := value(`"Data":"`)
		if !ok {
			return dst, n, nil
		}
		key, ok := value(`"PartitionKey":"`)
		if !ok {
			return nil, 0, errors.New("a record without a key")
		}
		at := len(dst)
		sum := md5.Sum(key)
		dst = append(append(dst, 0, 0, 0, 0), sum[:]...)
		if dst, err = base64.StdEncoding.AppendDecode(dst, data); err != nil {
			return nil, 0, err
		}
		binary.LittleEndian.PutUint32(dst[at:], crc32.Checksum(dst[at+4:], castagnoli))
		n++
	}
}

// floorReply is as long as a true one.
var floorReply = func() func(int) string {
	var mu sync.Mutex
	made := map[int]string{}
	return func(n int) string {
		mu.Lock()
		defer mu.Unlock()
		if made[n] == "" {
			one := `{"ShardId":"shardId-000000000000","SequenceNumber":"` + strings.Repeat("4", 56) + `"}`
			made[n] = `{"FailedRecordCount":0,"Records":[` + strings.Repeat(one+",", max(n-1, 0)) + one + `]}`
		}
		return made[n]
	}
}()

// floorLog commits by group: all who came while the last sync ran share the next one.
type floorLog struct {
	file *os.File
	mu   sync.Mutex
	wake sync.Cond
	buf  []byte
	wait []chan error
}

func (l *floorLog) append(b []byte) error {
	done := make(chan error, 1)
	l.mu.Lock()
	l.buf = append(l.buf, b...)
	l.wait = append(l.wait, done)
	l.wake.Signal()
	l.mu.Unlock()
	return <-done
}

func (l *floorLog) run() {
	var buf []byte
	for {
		l.mu.Lock()
		for len(l.wait) == 0 {
			l.wake.Wait()
		}
		var wait []chan error
		buf, l.buf = l.buf, buf[:0]
		wait, l.wait = l.wait, nil
		l.mu.Unlock()
		_, err := l.file.Write(buf)
		if err == nil {
			err = syscall.Fdatasync(int(l.file.Fd()))
		}
		for _, done := range wait {
			done <- err
		}
	}
}
