// Command render prints docs/compat.md.
package main

import (
	"fmt"
	"os"

	"github.com/hydrant-stream/hydrant/internal/compat"
)

func main() {
	if err := compat.Render(os.Stdout, "."); err != nil {
		fmt.Fprintln(os.Stderr, "compat:", err)
		os.Exit(1)
	}
}
