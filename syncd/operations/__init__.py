"""What an operator asks for, as use cases on top of the engine; they return values and print nothing."""
