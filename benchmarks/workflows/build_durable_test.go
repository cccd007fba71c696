//go:build durable

package workflows_test

const durable = true
