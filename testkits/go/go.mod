module example.com/whippettest

go 1.22

require github.com/DataDog/datadog-go/v5 v5.6.0
