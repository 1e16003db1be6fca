/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */

// web serve ADDRESS: net/http's server. /wait answers after 200 ms, /busy computes.
// web ask URL: its client without a timeout; "again" for ever, with four goroutines.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

func serve(address string) {
	http.HandleFunc("/wait", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(200 * time.Millisecond)
		fmt.Fprintln(w, "ok")
	})
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	panic(http.ListenAndServe(address, nil))
}

func ask(url string) {
	answer, err := http.Get(url)
	if err != nil {
		fmt.Println(err)
		os.Exit(3)
	}
	io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
}

func askAgain(url string) {
	for {
		ask(url)
		time.Sleep(time.Millisecond)
	}
}

func main() {
	switch os.Args[1] {
	case "serve":
		serve(os.Args[2])
	case "ask":
		ask(os.Args[2])
	case "again":
		for i := 0; i < 3; i++ {
			go askAgain(os.Args[2])
		}
		askAgain(os.Args[2])
	}
}
