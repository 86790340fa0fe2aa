//go:build cgo

package query

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Objects that lie elsewhere are fetched before a statement runs, and only those it will read. Which
// these are DuckDB says itself: the views are first made over empty files that are called as the objects
// are, one per partition, and the statement is planned over them. A plan opens no file, and names the
// files that conditions over partition keys have left (docs/decisions/0192).

// source is a table that a statement names, and its files.
type source struct {
	name  ref
	table *Table
	files []file
}

func away(sources []source) bool {
	for _, s := range sources {
		for _, f := range s.files {
			if f.path == "" {
				return true
			}
		}
	}
	return false
}

// prune takes the files that lie elsewhere and are not read out of the sources.
func (db *database) prune(statement string, g *gathering, temp string) error {
	sources, paths := g.sources, g.statement.Paths
	// A plan in which a table is scanned twice, to read wide rows late, cannot be written down.
	if err := db.exec("SET disabled_optimizers = 'late_materialization'"); err != nil {
		return err
	}
	stand := &standIns{root: filepath.Join(temp, "plan"), objects: map[string][]*file{}, folders: map[string]bool{}}
	defer os.RemoveAll(stand.root)
	for _, s := range sources {
		files, err := stand.over(s, paths)
		if err != nil {
			return fmt.Errorf("query: plan: %w", err)
		}
		if _, err := readerOf(s.table, nil); err != nil {
			return err
		}
		planned := *s.table
		planned.SerDe, planned.InputFormat = "parquet", "" // the one reader whose plan tells its files
		body, err := selectOf(&planned, files, paths)
		if err != nil {
			return err
		}
		if err := db.view(s.name, body); err != nil {
			return err
		}
	}
	if err := g.open(); err != nil {
		return err
	}
	read, told, err := db.planned(statement)
	if err != nil {
		return err
	}
	if err := db.exec("RESET disabled_optimizers"); err != nil || !told {
		return err
	}
	keep := map[*file]bool{}
	for name := range read {
		for _, f := range stand.objects[name] {
			keep[f] = true
		}
	}
	for i, s := range sources {
		kept := make([]file, 0, len(s.files))
		for n := range s.files {
			if s.files[n].path != "" || keep[&s.files[n]] {
				kept = append(kept, s.files[n])
			}
		}
		sources[i].files = kept
	}
	return nil
}

// standIns are empty files in the place of objects that lie elsewhere.
type standIns struct {
	root    string
	objects map[string][]*file // by stand-in, what it stands for
	folders map[string]bool    // made
}

// over is the files of a source with stand-ins: one for the objects of a folder and partition, or, where a
// condition may be over their URIs (each), one for every object.
func (st *standIns) over(s source, each bool) ([]file, error) {
	files := make([]file, 0, len(s.files))
	place := map[string]string{} // folder and values -> stand-in
	for i := range s.files {
		f := &s.files[i]
		if f.path != "" {
			files = append(files, *f)
			continue
		}
		folder := path.Dir(f.bucket + "/" + f.object.Key)
		if !filepath.IsLocal(folder) || path.Dir(path.Clean(f.bucket+"/"+f.object.Key)) != folder || longPart(folder) || strings.ContainsFunc(folder, func(r rune) bool { return r < ' ' || r == '\\' }) {
			folder = "odd" // no file can lie so: its values become constants
		}
		id := fmt.Sprintf("%s\x00%q", folder, texts(f.values))
		if name, ok := place[id]; ok && !each {
			st.objects[name] = append(st.objects[name], f)
			continue
		}
		name, err := st.make(folder)
		if err != nil {
			return nil, err
		}
		place[id] = name
		st.objects[name] = append(st.objects[name], f)
		in := *f
		in.path = name
		files = append(files, in)
	}
	return files, nil
}

func longPart(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if len(part) > 200 {
			return true
		}
	}
	return false
}

// make makes a stand-in. Its name begins with a dot, as no folder of a table's does.
func (st *standIns) make(folder string) (string, error) {
	folder = filepath.Join(st.root, filepath.FromSlash(folder))
	if !st.folders[folder] {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return "", err
		}
		st.folders[folder] = true
	}
	name := filepath.Join(folder, fmt.Sprintf(".%d", len(st.objects)))
	return name, os.WriteFile(name, nil, 0o600)
}

// planned tells the files a statement would read. told is false where its plan cannot be written down;
// what is wrong with the statement is an error.
func (db *database) planned(statement string) (files map[string]bool, told bool, err error) {
	prepared, err := db.conn.PrepareContext(db.ctx, statement)
	if err != nil {
		return nil, false, db.explain(err)
	}
	defer prepared.Close()
	var text string
	row := db.conn.QueryRowContext(db.ctx, "SELECT json_serialize_plan(?::VARCHAR, skip_null := true, optimize := true)::VARCHAR", statement)
	if err := row.Scan(&text); err != nil {
		return nil, false, db.explain(err)
	}
	var plan struct {
		Error bool              `json:"error"`
		Plans []json.RawMessage `json:"plans"`
	}
	if err := json.Unmarshal([]byte(text), &plan); err != nil {
		return nil, false, fmt.Errorf("query: plan: %w", err)
	}
	if plan.Error || len(plan.Plans) != 1 {
		return nil, false, nil
	}
	var root any
	if err := json.Unmarshal(plan.Plans[0], &root); err != nil {
		return nil, false, fmt.Errorf("query: plan: %w", err)
	}
	files = map[string]bool{}
	return files, scans(root, files), nil
}

// scans collects the files of all scans in a plan; false where one does not tell them.
func scans(v any, files map[string]bool) bool {
	told := true
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			told = scans(x, files) && told
		}
	case map[string]any:
		if v["type"] == "LOGICAL_GET" && strings.HasPrefix(fmt.Sprint(v["name"]), "read_parquet") {
			data, _ := v["function_data"].(map[string]any)
			list, ok := data["files"].([]any)
			told = ok
			for _, f := range list {
				files[fmt.Sprint(f)] = true
			}
		}
		for _, x := range v {
			told = scans(x, files) && told
		}
	}
	return told
}
