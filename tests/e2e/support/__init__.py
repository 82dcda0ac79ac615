"""What the end-to-end tests share. One module per noun; `case.Case` ties them together."""
