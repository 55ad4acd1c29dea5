//go:build !contract

package tests

import (
	"os"
	"testing"
)

func TestDriversHoldTheContract(t *testing.T) {
	const missing = "SCIMLET_CONTRACT_MODULE names no file"
	if os.Getenv("CI") == "true" {
		t.Fatal(missing)
	}
	t.Skip(missing)
}
