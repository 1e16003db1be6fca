/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */

// asks URL PATH: asks URL now and then on one connection; after eight times, if there is a PATH, that.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

func main() {
	for asked := 1; ; asked++ {
		url := os.Args[1]
		if len(os.Args) > 2 && asked > 8 {
			url += os.Args[2][1:]
			time.AfterFunc(20*time.Millisecond, func() { fmt.Println("asked") })
		}
		answer, err := http.Get(url)
		if err != nil {
			panic(err)
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		time.Sleep(1200 * time.Millisecond)
	}
}
