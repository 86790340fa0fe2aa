//go:build cgo

package query

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

func (e *Engine) export(ctx context.Context, s Statement, x Export, take func([]Part) error) (rows int64, err error) {
	err = e.with(ctx, s, true, func(db *database, statement, temp string) error {
		folder := filepath.Join(temp, "export")
		command, err := x.copySQL(statement, folder)
		if err != nil {
			return err
		}
		if err := db.conn.QueryRowContext(db.ctx, command).Scan(&rows); err != nil {
			return db.explain(err)
		}
		parts, err := x.parts(folder)
		if err != nil {
			return fmt.Errorf("query: export: %w", err)
		}
		if rows == 0 {
			parts = nil
		}
		return take(parts)
	})
	return rows, err
}

// parts are the files in a folder, in order of their names.
func (x *Export) parts(folder string) (parts []Part, err error) {
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		p := Part{Path: path, Size: info.Size(), Values: make([]*string, len(x.PartitionBy))}
		below, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		folders := strings.Split(filepath.ToSlash(below), "/")
		if len(x.PartitionBy) > 0 {
			folders = folders[1:]
		}
		for i := range x.PartitionBy {
			_, value, ok := strings.Cut(folders[i], "=")
			if !ok {
				return fmt.Errorf("folder %s is no partition", folders[i])
			}
			if value == hiveNull {
				continue
			}
			if value, err = url.PathUnescape(value); err != nil {
				return err
			}
			p.Values[i] = &value
		}
		parts = append(parts, p)
		return nil
	})
	return parts, err
}

// exportFolder makes the folder an export is written to.
func exportFolder(temp string) (string, error) {
	folder := filepath.Join(temp, "export")
	return folder, os.Mkdir(folder, 0o700)
}
