package main

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"
)

// configCmd prints the settings that serve would run with.
type configCmd struct {
	Config `embed:""`
}

// Run prints one setting a line: its flag, its value, where that comes from and what it does.
func (c *configCmd) Run(k *kong.Context) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, f := range k.Selected().Flags {
		fmt.Fprintf(w, "--%s\t%s\t%s\t%s\n", f.Name, shown(f), origin(f), f.Help)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return c.check()
}

// shown is a setting's value, without what must stay secret.
func shown(f *kong.Flag) string {
	if f.Name == "access-key" {
		ids := make([]string, f.Target.Len())
		for i := range ids {
			id, _, _ := strings.Cut(f.Target.Index(i).String(), ":")
			ids[i] = id + ":***"
		}
		return strings.Join(ids, ",")
	}
	if f.Target.Kind() == reflect.String {
		return f.Target.String()
	}
	return fmt.Sprint(f.Target.Interface())
}

// origin says who set a setting.
func origin(f *kong.Flag) string {
	if value := shown(f); value == f.Default || !f.HasDefault && f.Target.IsZero() {
		return "(default)"
	}
	for _, name := range f.Envs {
		if _, ok := os.LookupEnv(name); ok {
			return "(" + name + ")"
		}
	}
	return "(given)"
}
