// RudderStack's Go SDK as an application uses it; driven by lib/line-client.mjs.
//
// The first line of stdin holds the settings, every other one a go: a list of calls, each its name
// and its event. A go is answered by one line: for each call null, or how it failed.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/rudderlabs/analytics-go/v4"
)

type settings struct {
	URL      string `json:"url"`
	WriteKey string `json:"writeKey"`
}

// What the SDK tells of an event.
type outcome struct {
	id      string
	failure error
}

// Takes what the SDK tells by its callback.
type told chan outcome

func (t told) Success(event analytics.Message) { t <- outcome{idOf(event), nil} }

func (t told) Failure(event analytics.Message, failure error) { t <- outcome{idOf(event), failure} }

func idOf(event analytics.Message) string {
	switch it := event.(type) {
	case analytics.Identify:
		return it.MessageId
	case analytics.Track:
		return it.MessageId
	case analytics.Page:
		return it.MessageId
	case analytics.Screen:
		return it.MessageId
	case analytics.Group:
		return it.MessageId
	case analytics.Alias:
		return it.MessageId
	}
	return ""
}

func decoded[T analytics.Message](text []byte) (analytics.Message, error) {
	var event T
	err := json.Unmarshal(text, &event)
	return event, err
}

var decoders = map[string]func([]byte) (analytics.Message, error){
	"identify": decoded[analytics.Identify],
	"track":    decoded[analytics.Track],
	"page":     decoded[analytics.Page],
	"screen":   decoded[analytics.Screen],
	"group":    decoded[analytics.Group],
	"alias":    decoded[analytics.Alias],
}

// The event of a call, and its id.
func event(line json.RawMessage) (analytics.Message, string) {
	var call [2]json.RawMessage
	must(json.Unmarshal(line, &call))
	var name string
	must(json.Unmarshal(call[0], &name))
	made, err := decoders[name](call[1])
	must(err)
	return made, idOf(made)
}

// Makes the calls, and waits until the SDK has told what became of each.
func send(client analytics.Client, outcomes told, line []byte) []*string {
	var calls []json.RawMessage
	must(json.Unmarshal(line, &calls))
	answers := make([]*string, len(calls))
	places := map[string]int{}
	for place, call := range calls {
		made, id := event(call)
		places[id] = place
		must(client.Enqueue(made))
	}
	for range calls {
		one := <-outcomes
		if one.failure != nil {
			text := one.failure.Error()
			answers[places[one.id]] = &text
		}
	}
	return answers
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	first, err := lines.ReadBytes('\n')
	must(err)
	var given settings
	must(json.Unmarshal(first, &given))
	// The SDK tells some failures again when it is closed, and nobody listens any more.
	outcomes := make(told, 10_000)
	client, err := analytics.NewWithConfig(given.WriteKey, analytics.Config{
		DataPlaneUrl: given.URL,
		Interval:     50 * time.Millisecond,
		Callback:     outcomes,
		// What fails is told by the callback; the SDK would also log it.
		Logger: analytics.StdLogger(log.New(io.Discard, "", 0)),
	})
	must(err)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			break
		}
		must(err)
		answer, err := json.Marshal(send(client, outcomes, line))
		must(err)
		fmt.Println(string(answer))
	}
	must(client.Close())
}
